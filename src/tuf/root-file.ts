import { readPublicPart } from './key.ts';
import { MAX_REVOKED_KEYS } from './limits.ts';
import { type MetadataFile, positiveInteger, readMetadata } from './metadata.ts';
import { TufError } from './tuf-error.ts';

export interface RootFile extends MetadataFile<'root'> {
  /** Keys whose signatures on policy count for nothing any more (tuf, 8). */
  readonly revokedKeyIds: ReadonlySet<string>;
  /** Who may sign policy: the sorted ids of the targets keys. */
  readonly targetsKeyIds: readonly string[];
}

const KEY_ID = /^[0-9a-f]{64}$/;
const SIGNING_ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

type KeyModels = MetadataFile<'root'>['model']['signed']['keys'];

export function readRoot(bytes: Uint8Array): RootFile {
  const file = readMetadata('root', bytes);
  const { signed } = file.model;
  if (!signed.consistentSnapshot) {
    throw new TufError('malformed', 'root', 'has no consistent snapshots: files would change while they are read');
  }
  assertKeys(signed.keys, 'root');
  for (const role of SIGNING_ROLES)
    positiveInteger(signed.roles[role]?.threshold ?? 0, 'root', `for ${role} threshold`);
  const targetsKeyIds = [...(signed.roles['targets']?.keyIDs ?? [])].sort();
  return { ...file, revokedKeyIds: revokedIn(signed.unrecognizedFields['revoked_key_ids']), targetsKeyIds };
}

/**
 * Ed25519 only, and every id is the digest of its key: so one key cannot stand under two ids and count twice towards a
 * threshold (tuf, trap 11), and a revoked one cannot come back under another.
 */
export function assertKeys(keys: KeyModels, role: string): void {
  for (const [id, key] of Object.entries(keys)) {
    const part = readPublicPart(key.toJSON());
    if (part === null) throw new TufError('malformed', role, `key \`${id.slice(0, 16)}\` is no plain Ed25519 key`);
    if (part.id !== id) {
      throw new TufError('malformed', role, `key \`${id.slice(0, 16)}\` stands under an id that is not its own`);
    }
  }
}

function revokedIn(value: unknown): ReadonlySet<string> {
  if (value === undefined) return new Set();
  if (!Array.isArray(value) || value.length > MAX_REVOKED_KEYS || !value.every(isKeyId)) {
    throw new TufError('malformed', 'root', '`revoked_key_ids` must be a list of key ids');
  }
  return new Set(value);
}

function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && KEY_ID.test(value);
}
