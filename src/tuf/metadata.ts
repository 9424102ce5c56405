import { Metadata, MetadataKind, type Root, type Snapshot, type Targets, type Timestamp } from '@tufjs/models';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import { MAX_ENTRIES, MAX_METADATA_BYTES, MAX_ROOT_KEYS, MAX_ROOT_ROLES } from './limits.ts';
import { TufError } from './tuf-error.ts';
import { readUtc } from './utc-time.ts';

type Models = { root: Root; timestamp: Timestamp; snapshot: Snapshot; targets: Targets };
export type Kind = keyof Models;
type ModelJson = Parameters<typeof Root.fromJSON>[0];

/** A metadata file that was read; nothing has vouched for it yet. */
export interface MetadataFile<K extends Kind> {
  readonly model: Metadata<Models[K]>;
  readonly version: number;
  readonly expiresAt: number;
}

const MODELS: { readonly [K in Kind]: (json: ModelJson) => Metadata<Models[K]> } = {
  root: (json) => Metadata.fromJSON(MetadataKind.Root, json),
  timestamp: (json) => Metadata.fromJSON(MetadataKind.Timestamp, json),
  snapshot: (json) => Metadata.fromJSON(MetadataKind.Snapshot, json),
  targets: (json) => Metadata.fromJSON(MetadataKind.Targets, json),
};

/** Where entries are counted before the data model gets them, and how many there may be. */
const COUNTED: Readonly<Record<Kind, readonly (readonly [max: number, ...path: string[]])[]>> = {
  root: [
    [MAX_ROOT_KEYS, 'keys'],
    [MAX_ROOT_ROLES, 'roles'],
  ],
  timestamp: [[1, 'meta']],
  snapshot: [[MAX_ENTRIES, 'meta']],
  targets: [
    [MAX_ENTRIES, 'targets'],
    [MAX_ENTRIES, 'delegations', 'keys'],
    [MAX_ENTRIES, 'delegations', 'roles'],
  ],
};

/** Bytes to a file of that kind. `role` is whose: delegated roles are of kind `targets`. */
export function readMetadata<K extends Kind>(kind: K, bytes: Uint8Array, role: string = kind): MetadataFile<K> {
  const max = MAX_METADATA_BYTES[kind];
  // before parsing: the data model's time is quadratic
  if (bytes.length > max) throw new TufError('too_large', role, `has more than ${max} bytes`);
  const json = parseStrictJson(bytes);
  if (json.kind === 'error') throw new TufError('malformed', role, `${json.message}: is this a TUF repository?`);
  // of `null` the data model says what JavaScript says
  if (typeof json.value !== 'object' || json.value === null) {
    throw new TufError('malformed', role, `is not ${kind} metadata, which is a JSON object: is this a TUF repository?`);
  }
  for (const [most, ...path] of COUNTED[kind]) {
    if (entriesAt(json.value, ['signed', ...path]) > most) {
      throw new TufError('malformed', role, `has more than ${most} entries in \`${path.join('.')}\``);
    }
  }
  const model = modelOf(kind, json.value as ModelJson, role);
  const { version, expires } = model.signed;
  const expiresAt = readUtc(expires);
  if (expiresAt === null) throw new TufError('malformed', role, `expires at ${shown(expires)}, which is no UTC time`);
  return { model, version: positiveInteger(version, role, 'version'), expiresAt };
}

/** Versions and thresholds: the data model takes any number. */
export function positiveInteger(value: number, role: string, what: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new TufError('malformed', role, `has ${what} ${value}, which must be a positive integer`);
}

function modelOf<K extends Kind>(kind: K, json: ModelJson, role: string): Metadata<Models[K]> {
  try {
    return MODELS[kind](json);
  } catch (error) {
    throw new TufError('malformed', role, `is not ${kind} metadata: ${messageOf(error)}`, { cause: error });
  }
}

function entriesAt(value: unknown, path: readonly string[]): number {
  let at: unknown = value;
  for (const name of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined;
  if (Array.isArray(at)) return at.length;
  return typeof at === 'object' && at !== null ? Object.keys(at).length : 0;
}
