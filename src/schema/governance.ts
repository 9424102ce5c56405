import { z } from 'zod';
import {
  MAX_ACCESS_TOKEN_CHARACTERS,
  MAX_ID_CHARACTERS,
  MAX_IDENTIFIER_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_PAGE_TOKEN_CHARACTERS,
  MAX_POLICIES,
  MAX_RULES_PER_POLICY,
  MAX_SECRET_CHARACTERS,
  MAX_TEXT_CHARACTERS,
} from './limits.ts';
import { readShape } from './read-shape.ts';

/** One entry of the list, as far as a sync needs it; what else a server says there is ignored. */
export interface PolicySummary {
  readonly id: string;
  readonly org: string;
  readonly updated_at: string;
  readonly type: string | undefined;
}

export interface PolicyPage {
  readonly data: readonly PolicySummary[];
  /** Opaque; null on the last page. */
  readonly nextPageToken: string | null;
}

/** A governance `Policy` object with no member that this version does not know; its rules' values are not judged. */
export interface GovernancePolicy {
  readonly id: string;
  readonly org: string;
  readonly name: string;
  readonly updated_at: string;
  readonly [member: string]: unknown;
}

export interface Credential {
  readonly identifier: string;
  readonly secret: string;
}

export type Read<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'unknown_member'; readonly member: string; readonly where: string }
  | { readonly kind: 'invalid'; readonly message: string };

// An id becomes a path segment of the next request; `.` and `..` would climb.
const id = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._~-]+$/, 'is no id')
  .max(MAX_ID_CHARACTERS);
const moment = z.iso.datetime({ offset: true });
const text = z.string().max(MAX_TEXT_CHARACTERS);
const anything = z.unknown().optional();
/** Servers written in Go say `null` for an empty list or an absent object. */
const nullish = <T extends z.ZodType>(shape: T) => z.preprocess((value) => value ?? undefined, shape.optional());

const page = z.object({
  data: z
    .array(z.object({ id, org: z.string().max(MAX_NAME_CHARACTERS), updated_at: moment, type: text.optional() }))
    .max(MAX_POLICIES),
  next_page_token: z.string().max(MAX_PAGE_TOKEN_CHARACTERS).nullish(),
});

// Strict: a member that this version does not know may be a restriction (delivery, The bundle and Sources 1).
// The members' values are the policy core's to judge; only what a sync itself relies on is checked here.
const rule = z.strictObject({
  id: anything,
  name: anything,
  decision: anything,
  actions: anything,
  resources: anything,
  http_resources: anything,
});

const policy = z.strictObject({
  id,
  name: z.string().max(MAX_NAME_CHARACTERS),
  org: z.string().max(MAX_NAME_CHARACTERS),
  type: text.optional(),
  created_at: anything,
  updated_at: moment,
  scope: nullish(z.strictObject({ teams: nullish(z.array(z.string().max(MAX_ID_CHARACTERS))) })),
  allowlist_v0: nullish(
    z.strictObject({
      domain: nullish(z.string()),
      rules: z.preprocess((value) => value ?? [], z.array(rule).max(MAX_RULES_PER_POLICY)),
    }),
  ),
  cedar_v1: nullish(anything),
  description: anything,
  enabled: nullish(anything),
  tags: anything,
  metadata: anything,
  status: nullish(anything),
  version: anything,
  change_reason: anything,
  created_by: anything,
  updated_by: anything,
  valid_from: nullish(anything),
  valid_until: nullish(anything),
  approval_required: anything,
  require_approval: anything,
});

/** The members of a `Policy` and of a rule; the policy core has the same lists and a test compares them. */
export const GOVERNANCE_POLICY_MEMBERS: readonly string[] = Object.keys(policy.shape);
export const GOVERNANCE_RULE_MEMBERS: readonly string[] = Object.keys(rule.shape);

const tokenAnswer = z.object({
  // visible ASCII: it becomes a header
  access_token: z
    .string()
    .regex(/^[\x21-\x7e]+$/)
    .max(MAX_ACCESS_TOKEN_CHARACTERS),
});

const credential = z.strictObject({
  identifier: z.string().min(1).max(MAX_IDENTIFIER_CHARACTERS),
  secret: z.string().min(1).max(MAX_SECRET_CHARACTERS),
});

const claims = z.object({ exp: z.number(), iat: z.number().optional() });
export type TokenClaims = z.infer<typeof claims>;

export function readPolicyPage(value: unknown): Read<PolicyPage> {
  const parsed = readShape(page, value);
  if (parsed.kind === 'invalid') return fault(parsed.issues);
  const next = parsed.value.next_page_token;
  const data = parsed.value.data.map((entry) => ({ ...entry, type: entry.type }));
  // an empty token is how some servers end a list
  return { kind: 'ok', value: { data, nextPageToken: next === undefined || next === '' ? null : next } };
}

/** `ignored`: names of members, of a policy or a rule, that are dropped instead of failing the sync. */
export function readGovernancePolicy(value: unknown, ignored: readonly string[]): Read<GovernancePolicy> {
  const parsed = readShape(policy, ignored.length === 0 ? value : withoutMembers(value, new Set(ignored)));
  return parsed.kind === 'value' ? { kind: 'ok', value: parsed.value } : fault(parsed.issues);
}

export function readAccessToken(value: unknown): Read<string> {
  const parsed = readShape(tokenAnswer, value);
  return parsed.kind === 'value' ? { kind: 'ok', value: parsed.value.access_token } : fault(parsed.issues);
}

export function readCredential(value: unknown): Read<Credential> {
  const parsed = readShape(credential, value);
  return parsed.kind === 'value' ? { kind: 'ok', value: parsed.value } : fault(parsed.issues);
}

/** What a token says about itself; nothing was verified, and nothing but a refresh time may depend on it. */
export function readTokenClaims(value: unknown): TokenClaims | null {
  const parsed = readShape(claims, value);
  return parsed.kind === 'value' ? parsed.value : null;
}

/** Drops the named members from the policy, its scope, its allowlist and its rules; never a known one. */
function withoutMembers(value: unknown, ignored: ReadonlySet<string>): unknown {
  if (!isRecord(value)) return value;
  const kept = drop(value, GOVERNANCE_POLICY_MEMBERS, ignored);
  const allowlist = kept['allowlist_v0'];
  const scope = kept['scope'];
  return {
    ...kept,
    ...(isRecord(scope) ? { scope: drop(scope, ['teams'], ignored) } : {}),
    ...(isRecord(allowlist) ? { allowlist_v0: withoutRuleMembers(allowlist, ignored) } : {}),
  };
}

function withoutRuleMembers(allowlist: JsonRecord, ignored: ReadonlySet<string>): JsonRecord {
  const kept = drop(allowlist, ['domain', 'rules'], ignored);
  const rules = kept['rules'];
  if (!Array.isArray(rules)) return kept;
  return {
    ...kept,
    rules: rules.map((item: unknown) => (isRecord(item) ? drop(item, GOVERNANCE_RULE_MEMBERS, ignored) : item)),
  };
}

type JsonRecord = Readonly<Record<string, unknown>>;

function drop(value: JsonRecord, known: readonly string[], ignored: ReadonlySet<string>): JsonRecord {
  // almost always there is nothing to drop
  if (Object.keys(value).every((name) => !ignored.has(name))) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => known.includes(name) || !ignored.has(name)));
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where and which rule of the shape, never what was found there: it may be a secret. */
function fault(
  issues: readonly z.core.$ZodIssue[],
): { kind: 'unknown_member'; member: string; where: string } | { kind: 'invalid'; message: string } {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  const issue = unknown ?? issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : issue.path.map(String).join('.');
  if (unknown !== undefined) return { kind: 'unknown_member', member: oneLine(unknown.keys[0] ?? ''), where };
  return {
    kind: 'invalid',
    message: `\`${where === '' ? 'the answer' : oneLine(where)}\` is not what it should be (${issue?.code ?? 'shape'})`,
  };
}

function oneLine(name: string): string {
  return JSON.stringify(name.slice(0, 64).toWellFormed()).slice(1, -1).replaceAll('`', "'");
}
