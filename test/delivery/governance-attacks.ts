import { instead, rewritten } from '../support/misbehaving-server.ts';
import type { Attack } from './attack.ts';
import { ruleOf } from './governance-rig.ts';
import { httpAttacks, restAttacks, tlsAttacks } from './http-attacks.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

/** The members of the JSON object that the good answer is, changed. */
function changed(change: (value: Record<string, unknown>) => Record<string, unknown>) {
  return rewritten((body) => JSON.stringify(change(JSON.parse(body.toString('utf8')) as Record<string, unknown>)));
}

const evilRules = (rules: readonly object[]): Record<string, unknown> => ({
  allowlist_v0: { domain: 'network', rules },
});
const EVIL_ALLOW = ruleOf('allow', ['evil.example']);

let pages = 0;

/** Where the source is a governance API; nothing is signed, and TLS is all that tells one server from another. */
export const GOVERNANCE_ATTACKS: readonly Attack[] = [
  ...httpAttacks({
    'empty-200': { says: 'fetch invalid_json' },
    'empty-204': { says: 'fetch no_content' },
    'not-modified': { says: 'fetch no_content' },
    'foreign-etag': { says: 'fetch no_content' },
    html: { says: 'fetch not_json' },
    'html-as-json': { says: 'fetch invalid_json' },
    'redirect-login': { says: 'fetch redirect' },
    'redirect-moved': { says: 'fetch redirect' },
    'redirect-kept': { says: 'fetch redirect' },
    truncated: { says: 'fetch invalid_json' },
    'length-too-long': { says: 'fetch timeout', places: ['list'] },
    'length-too-short': { says: 'fetch invalid_json' },
    'gzip-bomb': { says: 'fetch unexpected_encoding' },
    'endless-body': { says: 'fetch too_large' },
    'endless-head': { says: 'fetch too_large' },
    'endless-hints': { says: 'fetch timeout', places: ['list'] },
    'drip-body': { says: 'fetch timeout', places: ['list', 'policy'] },
    'drip-head': { says: 'fetch timeout', places: ['token'] },
    silence: { says: 'fetch timeout' },
    resets: { says: 'fetch truncated, fetch unreachable' },
    ends: { says: 'fetch truncated, fetch unreachable', places: ['list'] },
    unauthorised: {
      says: { token: 'fetch credential_refused', list: 'fetch unauthenticated', policy: 'fetch unauthenticated' },
    },
    forbidden: { says: 'fetch permission_denied' },
    'not-found': {
      says: { token: 'fetch not_found', list: 'fetch not_found', policy: 'fetch changed_during_sync' },
    },
    broken: { says: 'fetch http_status' },
    'empty-object': { says: 'fetch unexpected_answer' },
    null: { says: 'fetch unexpected_answer' },
    'empty-list': { says: 'fetch unexpected_answer' },
    'duplicate-keys': { says: 'fetch invalid_json' },
    'invalid-utf8': { says: 'fetch invalid_json' },
    deep: { says: 'fetch invalid_json' },
    'chunked-garbage': { says: 'fetch malformed_http' },
    'not-http': { says: 'fetch malformed_http' },
  }),
  ...restAttacks((status) => ({
    says: status === 429 ? 'fetch rate_limited' : 'fetch unavailable',
    places: ['list'],
  })),
  ...tlsAttacks({ says: 'fetch tls_failed', places: ['list'] }),
  {
    id: 'no-policies',
    title: 'a list without policies',
    kind: 'C',
    does: instead(200, JSON_TYPE, '{"data":[],"next_page_token":null}'),
    places: ['list'],
    says: 'ok, 1 absent',
    saysFirst: 'waiting, 1 absent',
  },
  {
    id: 'page-circle',
    title: 'pages that lead back to one another',
    kind: 'E',
    does: changed((page) => ({ ...page, data: [], next_page_token: 'again' })),
    places: ['list'],
    says: 'fetch page_loop',
  },
  {
    id: 'endless-pages',
    title: 'pages without an end',
    kind: 'E',
    does: changed((page) => ({ ...page, data: [], next_page_token: `page-${(pages += 1)}` })),
    places: ['list'],
    says: 'fetch too_many_pages',
  },
  {
    id: 'other-org',
    title: 'a policy of another organisation',
    kind: 'acceptance',
    does: changed((policy) => ({ ...policy, org: 'other', ...evilRules([EVIL_ALLOW]) })),
    places: ['policy'],
    says: 'verify other_org',
  },
  {
    id: 'other-org-listed',
    title: 'a list of another organisation',
    kind: 'acceptance',
    does: changed(({ data, ...page }) => ({
      ...page,
      data: (data as object[]).map((entry) => ({ ...entry, org: 'other' })),
    })),
    places: ['list'],
    says: 'verify other_org',
  },
  {
    id: 'unknown-member',
    title: 'a member of a policy that nobody knows',
    kind: 'A',
    does: changed((policy) => ({ ...policy, deny_by_night: true, ...evilRules([EVIL_ALLOW]) })),
    places: ['policy'],
    says: 'verify unknown_member',
  },
  {
    id: 'unknown-rule-member',
    title: 'a member of a rule that nobody knows',
    kind: 'A',
    does: changed((policy) => ({ ...policy, ...evilRules([{ ...EVIL_ALLOW, unless: 'weekend' }]) })),
    places: ['policy'],
    says: 'verify unknown_member',
  },
  {
    id: 'older',
    title: 'an older revision: the API has no version that only grows',
    kind: 'acceptance',
    does: { kind: 'tampering', how: 'older' },
    places: ['policy'],
    says: 'ok',
    believed: 'another revision; its own rule: deny default_deny',
  },
  {
    id: 'broken-allow',
    title: 'an allow that cannot be read among 249 rules that can',
    kind: 'acceptance',
    does: { kind: 'tampering', how: 'broken-allow' },
    places: ['policy'],
    says: 'ok',
    believed: `another revision; its own rule: deny default_deny; the next rule: allow org_allow; 1 inactive rule`,
  },
  {
    id: 'broken-deny',
    title: 'a deny that cannot be read among 249 rules that can',
    kind: 'acceptance',
    does: { kind: 'tampering', how: 'broken-deny' },
    places: ['policy'],
    says: 'ok',
    believed: `another revision; ${['a.example', 'bad.example', 'evil.example', 'its own rule', 'the next rule'].map((name) => `${name}: deny policy_invalid`).join('; ')}; 1 inactive rule`,
  },
];
