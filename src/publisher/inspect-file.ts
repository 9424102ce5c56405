import { shownRules } from '../policy/diff/compare-rules.ts';
import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { readBundle } from '../schema/bundle.ts';
import type { GovernancePolicy } from '../schema/governance.ts';
import type { JsonObject, MetadataDocument } from '../tuf/metadata-text.ts';
import { PublisherError } from './publisher-error.ts';

/** Metadata as it was written; nothing of it was checked. Names are those of `--json`. */
export interface MetadataFacts {
  readonly kind: 'metadata';
  readonly type: string;
  readonly version: number;
  readonly expires: string;
  /** Key ids; whether they hold is another question. */
  readonly signed_by: readonly string[];
  /** What is particular about this type: who may sign, what is listed. */
  readonly rows: readonly { readonly name: string; readonly what: string }[];
}

export function metadataFacts({ signatures, signed }: MetadataDocument): MetadataFacts {
  const { _type: type, version, expires } = signed;
  return {
    kind: 'metadata',
    type: textOf(type),
    version: Number(version),
    expires: textOf(expires),
    signed_by: signatures.map(({ keyid }) => keyid),
    rows: [
      ...(signed['issued_at'] === undefined ? [] : [{ name: 'issued_at', what: textOf(signed['issued_at']) }]),
      ...entries(signed['roles']).map(([name, role]) => ({ name, what: signersText(role) })),
      ...entries(signed['meta']).map(([name, file]) => ({ name, what: listedText(file) })),
      ...entries(signed['targets']).map(([name, file]) => ({ name, what: listedText(file) })),
      ...delegatedRows(signed['delegations']),
      ...revokedRows(signed['revoked_key_ids']),
    ],
  };
}

function signersText(role: unknown): string {
  if (!isObject(role)) return '';
  const { keyids, threshold } = role;
  const ids = Array.isArray(keyids) ? keyids.map((id) => String(id).slice(0, 16)) : [];
  return `${Number(threshold)} of ${ids.length}: ${ids.join(' ')}`;
}

function listedText(file: unknown): string {
  if (!isObject(file)) return '';
  const { version, length, hashes, custom } = file;
  const sha256 = isObject(hashes) ? textOf(hashes['sha256']) : '';
  const said = isObject(custom) ? `, revision ${textOf(custom['revision'])} of ${textOf(custom['org'])}` : '';
  const number = typeof version === 'number' ? `version ${version}, ` : '';
  return `${number}${Number(length)} bytes, sha256 ${sha256.slice(0, 16)}${said}`;
}

function delegatedRows(delegations: unknown): MetadataFacts['rows'] {
  const roles = isObject(delegations) ? delegations['roles'] : undefined;
  if (!Array.isArray(roles)) return [];
  return roles.filter(isObject).map((role) => {
    const paths = Array.isArray(role['paths']) ? role['paths'].join(' ') : '';
    return { name: `team ${textOf(role['name'])}`, what: `${signersText(role)}, for ${paths}` };
  });
}

function revokedRows(ids: unknown): MetadataFacts['rows'] {
  return Array.isArray(ids) ? [{ name: 'revoked keys', what: ids.map(String).join(' ') }] : [];
}

function entries(value: JsonObject[string] | undefined): readonly (readonly [string, unknown])[] {
  return isObject(value) ? Object.entries(value) : [];
}

/** A bundle as its author wrote it, read by the reader of daemons. */
export interface BundleFacts {
  readonly kind: 'bundle';
  readonly org: string;
  readonly revision: string;
  /** Every member but the policies and the tests, as they stand there. */
  readonly members: RuleFields;
  readonly tests: number;
  readonly policies: readonly PolicyFacts[];
}

export interface PolicyFacts {
  readonly id: string;
  readonly name: string;
  readonly teams: readonly string[];
  readonly status: string;
  readonly rules: ReturnType<typeof shownRules>;
}

const APART = ['policies', 'tests', 'shadow', 'org', 'revision', 'schema'];

/** Throws where the document is no bundle. */
export function bundleFacts(document: Uint8Array): BundleFacts {
  const reading = readBundle(document);
  if (reading.kind === 'invalid') throw new PublisherError('bundle_refused', reading.message);
  const { org, revision, policies, tests } = reading.bundle;
  const written = JSON.parse(Buffer.from(document).toString('utf8')) as RuleFields;
  return {
    kind: 'bundle',
    org,
    revision,
    members: Object.fromEntries(Object.entries(written).filter(([name]) => !APART.includes(name))),
    tests: tests.length,
    policies: policies.map(policyFacts),
  };
}

function policyFacts(policy: GovernancePolicy): PolicyFacts {
  const { scope, allowlist_v0: allowlist, status, enabled } = policy;
  const teams = isObject(scope) && Array.isArray(scope['teams']) ? scope['teams'].map(String) : [];
  const rules = isObject(allowlist) && Array.isArray(allowlist['rules']) ? allowlist['rules'] : [];
  const state = typeof status === 'string' ? status : 'active';
  return {
    id: policy.id,
    name: policy.name,
    teams,
    status: enabled === false ? 'disabled' : state,
    rules: shownRules(rules),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
