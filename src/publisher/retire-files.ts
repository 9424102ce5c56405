import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TEMPORARY_PREFIX } from './atomic-file.ts';
import { KEPT_MS } from './expiries.ts';
import { metadataDocumentOf } from './metadata-file.ts';
import { type FoundVersion, METADATA, type RepositoryDirectory, TARGETS, targetPath } from './repository-directory.ts';
import type { RepositoryState } from './repository-state.ts';

/**
 * Takes away what nobody can be led to any more: versions that were replaced 30 days ago, and targets that no version left
 * lists. Roots stay for ever: whoever comes late follows them one by one (tuf, 9). Returns what is gone.
 */
export function retireFiles(directory: RepositoryDirectory, state: RepositoryState, now: number): readonly string[] {
  const isOld = (path: string): boolean => now - (directory.modifiedAt(path) ?? now) > KEPT_MS;
  const versions = directory.versions().filter(({ role }) => role !== 'root');
  const replaced = versions.filter((found) => {
    const successor = successorOf(found, versions, state);
    return successor !== null && isOld(successor.path);
  });
  const kept = new Set(
    versions.filter((found) => !replaced.includes(found)).flatMap(({ path }) => targetsIn(directory, path)),
  );
  const targets = filesBelow(directory, TARGETS).filter((path) => !kept.has(path) && isOld(path));
  const broken = [...filesBelow(directory, METADATA), ...targets].filter(isTemporary).filter(isOld);
  const gone = [...new Set([...replaced.map(({ path }) => path), ...targets, ...broken])];
  for (const path of gone) rmSync(join(directory.path, path), { force: true });
  return gone;
}

/** The version after one that is behind what machines are led to; null for any other. */
function successorOf(
  { role, version }: FoundVersion,
  versions: readonly FoundVersion[],
  { snapshot }: RepositoryState,
): FoundVersion | null {
  const serving = role === 'snapshot' ? snapshot?.version : snapshot?.listed.get(role)?.version;
  if (serving === undefined || version >= serving) return null;
  const later = versions.filter((other) => other.role === role && other.version > version);
  return later.sort((a, b) => a.version - b.version)[0] ?? null;
}

/** Where the targets of a role file lie; its signatures do not matter for keeping them. */
function targetsIn(directory: RepositoryDirectory, path: string): readonly string[] {
  const bytes = directory.read(path);
  const targets = bytes === null ? undefined : metadataDocumentOf(parsed(bytes))?.signed['targets'];
  return Object.entries(targets ?? {}).flatMap(([name, entry]) => {
    const sha256 = (entry as { hashes?: { sha256?: unknown } } | null)?.hashes?.sha256;
    return typeof sha256 === 'string' ? [targetPath(name, sha256)] : [];
  });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function filesBelow(directory: RepositoryDirectory, folder: string): readonly string[] {
  const root = join(directory.path, folder);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(folder, entry.parentPath.slice(root.length), entry.name));
}

function isTemporary(path: string): boolean {
  return (path.split('/').at(-1) ?? '').startsWith(TEMPORARY_PREFIX);
}
