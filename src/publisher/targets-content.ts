import { type PublicPart, readPublicPart } from '../tuf/key.ts';
import type { JsonObject } from '../tuf/metadata-text.ts';
import { isRoleName } from '../tuf/role-name.ts';
import { isTargetPath } from '../tuf/target-path.ts';
import type { TargetsFile } from '../tuf/targets-file.ts';
import { utcText } from '../tuf/utc-time.ts';
import { PublisherError } from './publisher-error.ts';
import { SPEC_VERSION, TOP_ROLES } from './root-document.ts';

/** A bundle as metadata lists it; `custom` says what it is to whoever has not unpacked it (tuf, 2). */
export interface ListedBundle {
  readonly path: string;
  readonly length: number;
  readonly sha256: string;
  readonly custom: BundleNote;
}

export interface BundleNote {
  readonly org: string;
  readonly revision: string;
  readonly schema: string;
  /** Bytes of the document. */
  readonly uncompressed: number;
}

/** A team that signs its own bundles: the role has its name, and nobody beside it may list what lies below that name. */
export interface TeamDelegation {
  readonly name: string;
  readonly keys: readonly PublicPart[];
  readonly threshold: number;
}

/** What one targets role says, without version and expiry. */
export interface TargetsContent {
  readonly bundles: readonly ListedBundle[];
  readonly teams: readonly TeamDelegation[];
}

export const NOTHING_LISTED: TargetsContent = { bundles: [], teams: [] };

/** The one pattern of a team's delegation. */
function teamPattern(name: string): string {
  return `${name}/*.json.gz`;
}

/** Whether a team's role may list a target: what its pattern covers. */
export function isOfTeam(name: string, path: string): boolean {
  const rest = path.startsWith(`${name}/`) ? path.slice(name.length + 1) : '/';
  return !rest.includes('/') && rest.endsWith('.json.gz');
}

export function targetsSigned(content: TargetsContent, head: { version: number; expires: number }): JsonObject {
  assertContent(content);
  const { bundles, teams } = content;
  const keys = [...new Map(teams.flatMap((team) => team.keys.map(({ id, key }) => [id, { ...key }]))).entries()];
  return {
    _type: 'targets',
    spec_version: SPEC_VERSION,
    version: head.version,
    expires: utcText(head.expires),
    targets: Object.fromEntries(
      bundles.map(({ path, length, sha256, custom }) => [path, { length, hashes: { sha256 }, custom: { ...custom } }]),
    ),
    ...(teams.length === 0
      ? {}
      : {
          delegations: {
            keys: Object.fromEntries(keys),
            roles: teams.map(({ name, keys: own, threshold }) => ({
              name,
              keyids: own.map(({ id }) => id).sort(),
              threshold,
              terminating: true,
              paths: [teamPattern(name)],
            })),
          },
        }),
  };
}

/** Of a verified file; whatever this program would not have written is refused rather than lost. */
export function contentOf(file: TargetsFile): TargetsContent {
  const { targets, delegations } = file.model.signed;
  const bundles = Object.values(targets).map(({ path, length, hashes, custom }) => ({
    path,
    length,
    sha256: hashes['sha256'] ?? '',
    custom: noteOf(custom, path),
  }));
  if (delegations?.succinctRoles !== undefined) throw foreign(file.role, 'it delegates to hash bins');
  const teams = Object.values(delegations?.roles ?? {}).map(({ name, keyIDs, threshold, terminating, paths }) => {
    if (!terminating || paths?.join() !== teamPattern(name))
      throw foreign(file.role, `it delegates \`${name}\` in another way`);
    const keys = keyIDs.flatMap((id) => readPublicPart(delegations?.keys[id]?.toJSON()) ?? []);
    return { name, keys, threshold };
  });
  return { bundles, teams };
}

function noteOf(custom: Readonly<Record<string, unknown>>, path: string): BundleNote {
  const { org, revision, schema, uncompressed } = custom;
  if (
    typeof org === 'string' &&
    typeof revision === 'string' &&
    typeof schema === 'string' &&
    typeof uncompressed === 'number'
  ) {
    return { org, revision, schema, uncompressed };
  }
  throw foreign('targets', `\`${path}\` is listed without what it is`);
}

function foreign(role: string, why: string): PublisherError {
  const message = `\`${role}\` was not made by this program: ${why}`;
  return new PublisherError('repository_unusable', message);
}

/** What a client would refuse, or somebody could read as something else (tuf, traps 9 to 11). */
function assertContent({ bundles, teams }: TargetsContent): void {
  for (const { path } of bundles) {
    if (!isTargetPath(path)) throw broken(`\`${path}\` cannot be a target's name`);
  }
  for (const { name, keys, threshold } of teams) {
    if (!isRoleName(name) || (TOP_ROLES as readonly string[]).includes(name)) {
      throw broken(`\`${name}\` cannot be a team's role: a-z, then a-z, 0-9 and \`-\``);
    }
    if (threshold < 1 || threshold > keys.length) {
      throw broken(`\`${name}\` would have fewer keys (${keys.length}) than signatures to give (${threshold})`);
    }
    if (new Set(keys.map(({ id }) => id)).size < keys.length) throw broken(`\`${name}\` has the same key twice`);
  }
}

function broken(what: string): PublisherError {
  return new PublisherError('rule_broken', what);
}
