import type { OutboundErrorCode } from '../http/outbound-error.ts';
import type { SourceErrorCode } from '../sources/source-failure.ts';
import type { TufErrorCode } from '../tuf/tuf-error.ts';

const SERVER = 'ask whoever runs the policy server';
const PUBLISHER = 'the publisher has to publish again; until then the last good policy serves';
const NEWER = 'install a newer reeve';
const ROUTE = 'see name resolution, route, firewall and `source.proxy`';
const ADDRESS = 'see `source.base_url` and `source.org`';
const CREDENTIAL = 'put a valid identifier and secret into the file that `source.credential_file` names, mode 0600';
const PORTAL =
  'something between here and the server answers in its place: sign in to the network, or see `source.proxy`';

/** What to do about each way in which a policy can fail to arrive (delivery, "What goes wrong with a source"). */
const MENDS: Readonly<Record<OutboundErrorCode | SourceErrorCode | TufErrorCode, string>> = {
  unreachable: ROUTE,
  timeout: ROUTE,
  tls_failed: 'name a private authority with `source.ca_file`; an expired certificate is for whoever runs the server',
  proxy_failed: 'see `source.proxy`',
  aborted: 'try again: `reeve sync`',
  redirect: 'set `source.base_url` to where the server redirects, if that is right',
  http_status: SERVER,
  unauthenticated: CREDENTIAL,
  permission_denied: 'use a credential that may read this organisation’s policies',
  not_found: ADDRESS,
  rate_limited: 'wait: the next run comes by itself',
  unavailable: 'wait: the next run comes by itself',
  no_content: SERVER,
  too_large: SERVER,
  truncated: ROUTE,
  malformed_http: PORTAL,
  unexpected_encoding: PORTAL,
  not_json: PORTAL,
  invalid_json: SERVER,
  insecure_url: 'use https in `source.base_url`',
  invalid_url: 'correct `source.base_url` or `source.proxy`',
  ca_unreadable: 'see the file that `source.ca_file` names',
  credential_unreadable: CREDENTIAL,
  credential_refused: CREDENTIAL,
  unexpected_answer: ADDRESS,
  page_loop: SERVER,
  too_many_pages: SERVER,
  changed_during_sync: 'try again: `reeve sync`',
  unknown_member: `${NEWER}, or name the member in \`source.ignore_members\``,
  other_org: 'correct `source.org`, or `reeve reset` this machine if it has moved to another organisation',
  invalid_policy: 'the policy’s author has to correct it; until then the last good policy serves',
  unknown_status: NEWER,
  invalid_bundle: PUBLISHER,
  unknown_feature: NEWER,
  version_too_low: NEWER,
  expired_bundle: PUBLISHER,
  failing_test: PUBLISHER,
  rollback: `somebody offers an older policy than this machine has served: if the publisher did, ${PUBLISHER}`,
  file_unreadable: 'see the file that `source.path` names: owner, mode, and the directories above it',
  not_signed: 'put a signed bundle there: `reeve bundle sign`',
  invalid_key: 'see the files that `source.public_keys` names',
  source_closed: 'start the daemon again',
  network: ROUTE,
  deadline: ROUTE,
  absent: 'see `source.base_url`; where other files come from there, whoever publishes has to complete the publication',
  malformed: PORTAL,
  bad_signature: 'see that `source.root_file` is the root of this repository; if it is, do not trust what is offered',
  expired: 'see this machine’s clock; if it is right, the publisher has to sign anew',
  not_yet_valid: 'see this machine’s clock; if it is right, the publisher’s is not',
  mix_and_match: 'a cache serves files of two publications: have it revalidate timestamp.json',
  no_such_target: 'correct `source.target`, or have it published',
  target_mismatch: 'a cache or a mirror serves another file than was signed: have it purged',
  store: 'see the state directory and its disk',
};

/** Null for a code that is none of a source. */
export function sourceMend(code: string): string | null {
  return Object.hasOwn(MENDS, code) ? ((MENDS as Readonly<Record<string, string>>)[code] ?? null) : null;
}
