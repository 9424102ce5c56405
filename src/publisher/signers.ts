import type { KeyObject } from 'node:crypto';
import { type JsonObject, metadataBytes } from '../tuf/metadata-text.ts';
import type { RootFile } from '../tuf/root-file.ts';
import { signatureOf, withSignatures } from '../tuf/sign.ts';
import { PublisherError } from './publisher-error.ts';
import type { TeamDelegation } from './targets-content.ts';

/** A private key in memory, with what others know it by. */
export interface SigningKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** Who has to sign for a role, and how many of them. */
export interface RoleSigners {
  readonly role: string;
  readonly keyIds: readonly string[];
  readonly threshold: number;
}

export function signersOf(root: RootFile, role: string): RoleSigners {
  const { keyIDs, threshold } = root.model.signed.roles[role] ?? { keyIDs: [], threshold: 1 };
  // a revoked key may still be listed nowhere, and signs nothing either way
  return { role, keyIds: keyIDs.filter((id) => !root.revokedKeyIds.has(id)), threshold };
}

export function signersOfTeam({ name, keys, threshold }: TeamDelegation): RoleSigners {
  return { role: name, keyIds: keys.map(({ id }) => id), threshold };
}

/** Whether the keys at hand suffice for a role. */
export function suffices({ keyIds, threshold }: RoleSigners, keys: readonly SigningKey[]): boolean {
  return keys.filter(({ id }) => keyIds.includes(id)).length >= threshold;
}

/** The file with the signatures of all keys at hand that one of `signers` knows; each of them must have enough. */
export function signedBytes(signed: JsonObject, signers: readonly RoleSigners[], keys: readonly SigningKey[]): Buffer {
  for (const each of signers) {
    if (!suffices(each, keys)) throw missing(each, keys);
  }
  const used = keys.filter(({ id }) => signers.some(({ keyIds }) => keyIds.includes(id)));
  const signatures = used.map(({ key }) => signatureOf(signed, key));
  return metadataBytes(withSignatures({ signatures: [], signed }, signatures));
}

function missing({ role, keyIds, threshold }: RoleSigners, keys: readonly SigningKey[]): PublisherError {
  const held = keys.filter(({ id }) => keyIds.includes(id)).length;
  const absent = keyIds.filter((id) => !keys.some((key) => key.id === id)).map((id) => id.slice(0, 16));
  const message = `\`${role}\` needs more signatures (${held} of ${threshold} keys are here): give --key for ${absent.join(' or ')}`;
  return new PublisherError('missing_keys', message);
}
