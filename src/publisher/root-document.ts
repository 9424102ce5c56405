import { shown } from '../base/shown.ts';
import { type PublicPart, readPublicPart } from '../tuf/key.ts';
import type { JsonObject } from '../tuf/metadata-text.ts';
import { readUtc, utcText } from '../tuf/utc-time.ts';
import { PublisherError } from './publisher-error.ts';

export const TOP_ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type TopRole = (typeof TOP_ROLES)[number];

/** The version of the TUF specification that metadata is written to. */
export const SPEC_VERSION = '1.0.34';

export interface RoleKeys {
  readonly keys: readonly PublicPart[];
  readonly threshold: number;
}

/** What a root says, in the terms of the people who sign it. */
export interface RootDocument {
  readonly version: number;
  /** Milliseconds since the epoch, whole seconds. */
  readonly expires: number;
  readonly roles: Readonly<Record<TopRole, RoleKeys>>;
  /** Keys that somebody else may have: a bundle that only these signed stops serving. Never gets shorter. */
  readonly revoked: readonly string[];
}

export function rootSigned(root: RootDocument): JsonObject {
  assertSound(root);
  const all = TOP_ROLES.flatMap((role) => root.roles[role].keys).sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    _type: 'root',
    spec_version: SPEC_VERSION,
    consistent_snapshot: true,
    version: root.version,
    expires: utcText(root.expires),
    keys: Object.fromEntries(all.map(({ id, key }) => [id, { ...key }])),
    roles: Object.fromEntries(
      TOP_ROLES.map((role) => {
        const { keys, threshold } = root.roles[role];
        return [role, { keyids: keys.map(({ id }) => id).sort(), threshold }];
      }),
    ),
    ...(root.revoked.length === 0 ? {} : { revoked_key_ids: [...root.revoked].sort() }),
  };
}

/** Of a root that this program wrote, or one like it; whoever reads it checks its signatures elsewhere. */
export function readRootSigned(signed: JsonObject): RootDocument {
  const { _type: type, version, expires, keys, roles, revoked_key_ids: revoked = [] } = signed;
  if (type !== 'root') throw refused('this is no root');
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    throw refused('its version is none');
  if (!isObject(keys) || !isObject(roles)) throw refused('it names no keys or no roles');
  const root = {
    version,
    expires: timeOf(expires),
    roles: Object.fromEntries(
      TOP_ROLES.map((role) => [role, readRole(role, roles[role], keys)]),
    ) as RootDocument['roles'],
    revoked: readIds(revoked, 'revoked_key_ids'),
  };
  assertSound(root);
  return root;
}

function readRole(role: TopRole, value: unknown, keys: JsonObject): RoleKeys {
  if (!isObject(value)) throw refused(`it has no role \`${role}\``);
  const { keyids, threshold } = value;
  if (typeof threshold !== 'number' || !Number.isSafeInteger(threshold))
    throw refused(`the threshold of \`${role}\` is none`);
  const parts = readIds(keyids, role).map((id) => {
    const part = readPublicPart(keys[id]);
    if (part?.id !== id) throw refused(`the key ${shown(id)} of \`${role}\` is no Ed25519 key with that id`);
    return part;
  });
  return { keys: parts, threshold };
}

function readIds(value: unknown, where: string): readonly string[] {
  if (Array.isArray(value) && value.every((id) => typeof id === 'string')) return value;
  throw refused(`${shown(where)} lists no key ids`);
}

const MEND = 'name another key, such as with `--new`, or another `--threshold`';

/** What nobody should sign, whoever made it (docs/keys.md). */
function assertSound({ roles, revoked }: RootDocument): void {
  const owner = new Map<string, TopRole>();
  for (const role of TOP_ROLES) {
    const { keys, threshold } = roles[role];
    if (threshold < 1 || threshold > keys.length) {
      throw refused(
        `\`${role}\` would have fewer keys (${keys.length}) than signatures to give (${threshold}): ${MEND}`,
      );
    }
    for (const { id } of keys) {
      const other = owner.get(id);
      // one key in two roles, or twice in one: whoever has it would count twice
      if (other !== undefined)
        throw refused(`the key ${shown(id)} has both \`${other}\` and \`${role}\`: each key has one role`);
      if (revoked.includes(id)) throw refused(`the key ${shown(id)} is revoked: \`${role}\` needs another one`);
      owner.set(id, role);
    }
  }
}

function timeOf(value: unknown): number {
  const at = readUtc(value);
  if (at === null) throw refused('its expiry is no time; `2030-01-31T12:00:00Z` would be one');
  return at;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(why: string): PublisherError {
  return new PublisherError('root_refused', `this root is not fit to be signed: ${why}`);
}
