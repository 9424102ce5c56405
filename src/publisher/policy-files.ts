import { readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { MAX_POLICY_BYTES } from '../schema/limits.ts';
import { unopened } from './small-file.ts';
import { readYamlFile } from './yaml-file.ts';

const ENDINGS = ['.yaml', '.yml', '.json'];

/**
 * Policies of files and directories, in the order of their paths: a file holds a policy, or a list of them. What a file
 * leaves out is filled in: its name is the id of its one policy, and the organisation is that of the bundle.
 */
export function readPolicyFiles(
  paths: readonly string[],
  filled: { org: string; updatedAt: string },
): readonly unknown[] {
  return paths.flatMap(filesAt).flatMap((path) => {
    const value = readYamlFile(path, MAX_POLICY_BYTES);
    const id = basename(path, extname(path));
    if (Array.isArray(value)) return value.map((policy) => completed(policy, filled));
    return [completed(isObject(value) ? { id, ...value } : value, filled)];
  });
}

function completed(policy: unknown, { org, updatedAt }: { org: string; updatedAt: string }): unknown {
  if (!isObject(policy)) return policy;
  const { id, name = id }: RuleFields = policy;
  return { name, org, updated_at: updatedAt, ...policy };
}

function filesAt(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter((name) => ENDINGS.includes(extname(name)) && !name.startsWith('.'))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw unopened(path, error);
  }
}
