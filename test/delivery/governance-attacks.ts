import { instead, rewritten } from '../support/misbehaving-server.ts';
import type { Attack } from './attack.ts';
import { ruleOf } from './governance-rig.ts';
import { askingForRest, HTTP_EVILS as evils } from './http-attacks.ts';

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
  {
    id: 'empty-200',
    title: '200 without a body',
    kind: 'acceptance',
    does: evils.empty200,
    says: 'fetch invalid_json',
  },
  { id: 'empty-204', title: '204', kind: 'acceptance', does: evils.empty204, says: 'fetch no_content' },
  {
    id: 'not-modified',
    title: '304 to a question without an ETag',
    kind: 'acceptance',
    does: evils.notModified,
    says: 'fetch no_content',
  },
  {
    id: 'foreign-etag',
    title: '304 with an ETag that nobody holds',
    kind: 'acceptance',
    does: evils.notModifiedWithEtag,
    says: 'fetch no_content',
  },
  {
    id: 'html',
    title: 'a captive portal: 200 with a page',
    kind: 'acceptance',
    does: evils.html,
    says: 'fetch not_json',
  },
  {
    id: 'html-as-json',
    title: 'the same, called JSON',
    kind: 'acceptance',
    does: evils.htmlAsJson,
    says: 'fetch invalid_json',
  },
  {
    id: 'redirect-login',
    title: '302 to a login page elsewhere',
    kind: 'C',
    does: evils.redirectLogin,
    says: 'fetch redirect',
  },
  { id: 'redirect-moved', title: '301 elsewhere', kind: 'C', does: evils.redirectMoved, says: 'fetch redirect' },
  { id: 'redirect-kept', title: '308 elsewhere', kind: 'C', does: evils.redirectKept, says: 'fetch redirect' },
  { id: 'truncated', title: 'half of the JSON', kind: 'acceptance', does: evils.truncated, says: 'fetch invalid_json' },
  {
    id: 'length-too-long',
    title: 'a Content-Length that is too large',
    kind: 'C',
    does: evils.lengthTooLong,
    places: ['list'],
    says: 'fetch timeout',
    slow: true,
  },
  {
    id: 'length-too-short',
    title: 'a Content-Length that is too small',
    kind: 'C',
    does: evils.lengthTooShort,
    says: 'fetch invalid_json',
  },
  {
    id: 'gzip-bomb',
    title: 'a gzip bomb of 256 MiB',
    kind: 'E',
    does: evils.gzipBomb,
    says: 'fetch unexpected_encoding',
  },
  { id: 'endless-body', title: 'a body without an end', kind: 'E', does: evils.endlessBody, says: 'fetch too_large' },
  { id: 'endless-head', title: 'a head without an end', kind: 'E', does: evils.endlessHead, says: 'fetch too_large' },
  {
    id: 'endless-hints',
    title: 'early hints without an end',
    kind: 'E',
    does: evils.endlessHints,
    places: ['list'],
    says: 'fetch timeout',
    slow: true,
  },
  {
    id: 'drip-body',
    title: 'a body of 1 B/s',
    kind: 'E',
    does: evils.dripBody,
    places: ['list', 'policy'],
    says: 'fetch timeout',
    slow: true,
  },
  {
    id: 'drip-head',
    title: 'a head of 1 B/s',
    kind: 'E',
    does: evils.dripHead,
    places: ['token'],
    says: 'fetch timeout',
    slow: true,
  },
  { id: 'silence', title: 'no answer at all', kind: 'E', does: evils.silence, says: 'fetch timeout', slow: true },
  {
    id: 'resets',
    title: 'a reset after each byte of the answer in turn',
    kind: 'C',
    does: evils.resets,
    says: 'fetch truncated, fetch unreachable',
  },
  {
    id: 'ends',
    title: 'the end after each byte of the answer in turn',
    kind: 'C',
    does: evils.ends,
    places: ['list'],
    says: 'fetch truncated, fetch unreachable',
  },
  {
    id: 'unauthorised',
    title: '401 for ever',
    kind: 'acceptance',
    does: evils.unauthorised,
    says: { token: 'fetch credential_refused', list: 'fetch unauthenticated', policy: 'fetch unauthenticated' },
  },
  { id: 'forbidden', title: '403', kind: 'C', does: evils.forbidden, says: 'fetch permission_denied' },
  {
    id: 'not-found',
    title: '404 for everything',
    kind: 'C',
    does: evils.notFound,
    says: { token: 'fetch not_found', list: 'fetch not_found', policy: 'fetch changed_during_sync' },
  },
  { id: 'broken', title: '500', kind: 'C', does: evils.broken, says: 'fetch http_status' },
  ...([429, 503] as const).flatMap((status) => restAttacks(status)),
  { id: 'empty-object', title: '`{}`', kind: 'C', does: evils.emptyObject, says: 'fetch unexpected_answer' },
  { id: 'null', title: '`null`', kind: 'C', does: evils.nothing, says: 'fetch unexpected_answer' },
  { id: 'empty-list', title: '`[]`', kind: 'C', does: evils.list, says: 'fetch unexpected_answer' },
  {
    id: 'duplicate-keys',
    title: 'a key that comes twice',
    kind: 'A',
    does: evils.duplicateKeys,
    says: 'fetch invalid_json',
  },
  {
    id: 'invalid-utf8',
    title: 'bytes that are not UTF-8',
    kind: 'A',
    does: evils.invalidUtf8,
    says: 'fetch invalid_json',
  },
  { id: 'deep', title: '20,000 lists in one another', kind: 'E', does: evils.deep, says: 'fetch invalid_json' },
  {
    id: 'chunked-garbage',
    title: 'chunks whose length is no number',
    kind: 'C',
    does: evils.chunkedGarbage,
    says: 'fetch malformed_http',
  },
  { id: 'not-http', title: 'another protocol', kind: 'C', does: evils.notHttp, says: 'fetch malformed_http' },
  tlsAttack('stranger', 'the certificate of an authority that nobody trusts', 'stranger'),
  tlsAttack('other-name', 'the certificate of another host', 'otherName'),
  tlsAttack('expired-certificate', 'a certificate that has expired', 'expired'),
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

function restAttacks(status: 429 | 503): readonly Attack[] {
  const code = status === 429 ? 'rate_limited' : 'unavailable';
  const in30s = (now: number): number => Math.round(now / 1_000) + 30;
  const forms: readonly (readonly [string, string, (now: number) => string])[] = [
    ['seconds', 'Retry-After', () => '30'],
    ['date', 'Retry-After', (now) => new Date(now + 30_000).toUTCString()],
    ['epoch', 'Retry-After', (now) => `${in30s(now)}`],
    ['x-retry-after', 'X-Retry-After', (now) => `${in30s(now)}`],
  ];
  return forms.map(([id, header, value]) => ({
    id: `rest-${status}-${id}`,
    title: `${status} with \`${header}\`${id === 'x-retry-after' ? ' (epoch)' : ` (${id})`}`,
    kind: 'C',
    does: askingForRest(status, header, value),
    places: ['list'],
    says: `fetch ${code}`,
    restSeconds: 30,
  }));
}

function tlsAttack(id: string, title: string, which: 'stranger' | 'otherName' | 'expired'): Attack {
  const does = { kind: 'presenting', choose: (all: Readonly<Record<typeof which, unknown>>) => all[which] };
  return { id, title, kind: 'F', does: does as Attack['does'], places: ['list'], says: 'fetch tls_failed' };
}
