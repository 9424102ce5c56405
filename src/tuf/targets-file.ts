import { shown } from '../base/shown.ts';
import { type MetadataFile, positiveInteger, readMetadata } from './metadata.ts';
import { isRoleName } from './role-name.ts';
import { assertKeys } from './root-file.ts';
import { isTargetPattern } from './target-path.ts';
import { TufError } from './tuf-error.ts';

export interface TargetsFile extends MetadataFile<'targets'> {
  readonly role: string;
}

type Delegations = NonNullable<MetadataFile<'targets'>['model']['signed']['delegations']>;
type DelegatedRole = NonNullable<Delegations['roles']>[string];

const HASH_PREFIX = /^[0-9a-f]{1,64}$/;

export function readTargets(bytes: Uint8Array, role: string): TargetsFile {
  const file = readMetadata('targets', bytes, role);
  const { delegations } = file.model.signed;
  if (delegations !== undefined) assertDelegations(delegations, role);
  return { ...file, role };
}

function assertDelegations({ keys, roles, succinctRoles }: Delegations, role: string): void {
  assertKeys(keys, role);
  for (const delegated of Object.values(roles ?? {})) assertDelegated(delegated, role);
  if (succinctRoles === undefined) return;
  if (roles !== undefined) throw new TufError('malformed', role, 'delegates by name and by bins at once');
  positiveInteger(succinctRoles.threshold, role, 'for its bins threshold');
  positiveInteger(succinctRoles.bitLength, role, 'for its bins bit length');
  if (!isRoleName(succinctRoles.namePrefix)) throw unfitName(succinctRoles.namePrefix, role);
}

function assertDelegated({ name, threshold, paths, pathHashPrefixes }: DelegatedRole, role: string): void {
  if (!isRoleName(name)) throw unfitName(name, role);
  positiveInteger(threshold, role, `for ${name} threshold`);
  const pattern = paths?.find((path) => !isTargetPattern(path));
  if (pattern !== undefined) {
    const what = `delegates ${shown(pattern)}: only literals and one \`*\` in the last segment are safe`;
    throw new TufError('malformed', role, what);
  }
  const prefix = pathHashPrefixes?.find((text) => !HASH_PREFIX.test(text));
  if (prefix !== undefined) throw new TufError('malformed', role, `delegates the hash prefix ${shown(prefix)}`);
}

function unfitName(name: string, role: string): TufError {
  return new TufError('malformed', role, `delegates to ${shown(name)}: role names are a-z, then a-z, 0-9 and \`-\``);
}
