import type { Attack } from './attack.ts';
import { httpAttacks, restAttacks, tlsAttacks } from './http-attacks.ts';

/** Where an answer is expected that is there: the next root never is. */
const PRESENT = ['timestamp', 'snapshot', 'targets', 'target'];
const EVERYWHERE = ['root', ...PRESENT];

/** What came is not what was signed for; what nothing lists is judged by itself. */
const NOT_IT = {
  root: 'verify malformed',
  timestamp: 'verify malformed',
  snapshot: 'verify mix_and_match',
  targets: 'verify mix_and_match',
  target: 'verify target_mismatch',
};
const LONGER = { ...NOT_IT, snapshot: 'fetch too_large', targets: 'fetch too_large', target: 'fetch too_large' };

type Repository = Pick<Attack, 'title' | 'kind'> & Pick<Partial<Attack>, 'says' | 'believed' | 'heldOnly' | 'lasting'>;

const REPOSITORIES: Readonly<Record<string, Repository>> = {
  arbitrary: { title: 'arbitrary installation: a repository of somebody else', kind: 'F' },
  'arbitrary-root': { title: 'the next root is of somebody else', kind: 'F' },
  'unsigned-timestamp': { title: 'a timestamp without signatures', kind: 'F' },
  'unsigned-targets': { title: 'targets without signatures', kind: 'F' },
  'below-threshold': { title: 'one of two keys is stolen: targets signed below the threshold', kind: 'F' },
  'same-key-twice': { title: 'the stolen key signs twice', kind: 'F', says: 'verify malformed' },
  'wrong-role': { title: 'targets signed by the keys of other roles', kind: 'F' },
  'unknown-keys': { title: 'targets signed by keys that no root names', kind: 'F' },
  rollback: { title: 'rollback: everything as it was at first', kind: 'C', says: 'verify rollback', heldOnly: true },
  'rollback-timestamp-key': {
    title: 'rollback with a stolen timestamp key: an older snapshot',
    kind: 'C',
    says: 'verify rollback',
    heldOnly: true,
  },
  'rollback-snapshot-key': {
    title: 'rollback with stolen timestamp and snapshot keys: older targets',
    kind: 'C',
    says: 'verify rollback',
    heldOnly: true,
  },
  freeze: {
    title: 'freeze: nothing newer is ever shown (its age is below *The clock*)',
    kind: 'G',
    says: 'ok',
    heldOnly: true,
  },
  'fast-forward': {
    title: 'fast-forward with a stolen timestamp key; healed by new keys in the root',
    kind: 'D',
    says: 'ok',
    believed: 'another revision; its own rule: deny default_deny; the next rule: allow org_allow',
  },
  'expired-timestamp': { title: 'a timestamp that has expired', kind: 'G', says: 'verify expired' },
  'expired-snapshot': { title: 'a snapshot that has expired', kind: 'G', says: 'verify expired' },
  'expired-targets': { title: 'targets that have expired', kind: 'G', says: 'verify expired' },
  'from-the-future': { title: 'a timestamp of the day after tomorrow', kind: 'G', says: 'verify not_yet_valid' },
  'no-time-of-issue': {
    title: 'a timestamp that does not say when it was issued',
    kind: 'G',
    says: 'verify malformed',
  },
  'mix-snapshot': {
    title: 'mix and match: the snapshot of another publication',
    kind: 'C',
    says: 'verify mix_and_match',
  },
  'mix-targets': {
    title: 'mix and match: the targets of another publication',
    kind: 'C',
    says: 'verify mix_and_match',
  },
  'other-target': { title: 'one bit of the bundle is another', kind: 'F', says: 'verify target_mismatch' },
  'cut-target': { title: 'half of the bundle', kind: 'C', says: 'verify target_mismatch' },
  'no-target': { title: 'targets without the bundle', kind: 'C', says: 'verify no_such_target' },
  'no-hash': { title: 'targets that list the bundle without a hash', kind: 'F', says: 'verify malformed' },
  'snapshot-without-targets': { title: 'a snapshot that lists no targets', kind: 'C', says: 'verify rollback' },
  'huge-root': { title: 'a next root of 40 kB of junk', kind: 'E', says: 'fetch too_large' },
  'unvouched-root': { title: 'a next root that the keys of this one did not sign', kind: 'F' },
  'skipped-root': { title: 'a next root that leaves out a version', kind: 'F', says: 'verify rollback' },
  'signed-older': {
    title: 'signed: a bundle of an older revision',
    kind: 'C',
    says: 'verify rollback',
    heldOnly: true,
  },
  'signed-again': {
    title: 'signed: another bundle of the revision that serves',
    kind: 'C',
    says: 'verify rollback',
    heldOnly: true,
  },
  'signed-other-org': {
    title: 'signed: a bundle of another organisation',
    kind: 'acceptance',
    says: 'verify other_org',
  },
  'signed-unknown-member': { title: 'signed: a member that nobody knows', kind: 'A', says: 'verify unknown_member' },
  'signed-requirement': { title: 'signed: a feature that is not there', kind: 'A', says: 'verify unknown_feature' },
  'signed-min-version': { title: 'signed: for a newer reeve', kind: 'A', says: 'verify version_too_low' },
  'signed-failing-test': { title: 'signed: a bundle whose own test fails', kind: 'A', says: 'verify failing_test' },
  'signed-expired': { title: 'signed: a bundle that has ended', kind: 'G', says: 'verify expired_bundle' },
  'signed-no-json': { title: 'signed: half of a document', kind: 'C', says: 'verify invalid_bundle' },
  'signed-no-gzip': { title: 'signed: a document that is not packed', kind: 'C', says: 'verify malformed' },
  'signed-gzip-bomb': { title: 'signed: a gzip bomb of 512 MiB', kind: 'E', says: 'fetch too_large' },
  'signed-duplicate': { title: 'signed: a key that comes twice', kind: 'A', says: 'verify invalid_bundle' },
  'signed-two-documents': { title: 'signed: two documents in one', kind: 'A', says: 'verify invalid_bundle' },
  'expired-root': { title: 'a root that has expired', kind: 'G', says: 'verify expired', lasting: true },
};

const http = { says: 'fetch http_status', places: EVERYWHERE };
const deadline = { says: 'fetch deadline', places: ['timestamp'] };
const network = { says: 'fetch network', places: EVERYWHERE };
const absent = { says: 'fetch absent', places: PRESENT };

/** Where the source is a TUF repository on any web server. */
export const TUF_ATTACKS: readonly Attack[] = [
  ...httpAttacks({
    'empty-200': { says: NOT_IT, places: EVERYWHERE },
    'empty-204': http,
    'not-modified': http,
    'foreign-etag': { ...http, places: ['timestamp'] },
    html: { says: NOT_IT, places: EVERYWHERE },
    'html-as-json': { says: NOT_IT, places: EVERYWHERE },
    'redirect-login': http,
    'redirect-moved': { ...http, places: ['timestamp'] },
    'redirect-kept': { ...http, places: ['timestamp'] },
    truncated: { says: NOT_IT, places: PRESENT },
    'length-too-long': deadline,
    'length-too-short': { says: NOT_IT, places: PRESENT },
    'gzip-bomb': http,
    'endless-body': { says: 'fetch too_large', places: EVERYWHERE },
    'endless-head': { says: 'fetch too_large', places: EVERYWHERE },
    'endless-hints': { says: 'fetch deadline', places: ['root'] },
    'drip-body': { says: 'fetch deadline', places: ['snapshot'] },
    'drip-head': { says: 'fetch deadline', places: ['target'] },
    silence: { says: 'fetch deadline', places: ['root', 'target'] },
    resets: { says: 'fetch network', places: ['target'] },
    ends: { says: 'fetch network', places: [] },
    unauthorised: http,
    forbidden: absent,
    'not-found': absent,
    broken: http,
    'empty-object': { says: NOT_IT, places: EVERYWHERE },
    null: { says: NOT_IT, places: ['timestamp'] },
    'empty-list': { says: NOT_IT, places: ['timestamp'] },
    'duplicate-keys': { says: LONGER, places: PRESENT },
    'invalid-utf8': { says: LONGER, places: PRESENT },
    deep: { says: { ...LONGER, timestamp: 'fetch too_large' }, places: EVERYWHERE },
    'chunked-garbage': network,
    'not-http': network,
  }),
  ...restAttacks(() => ({ says: 'fetch http_status', places: ['timestamp'] })),
  ...tlsAttacks({ says: 'fetch network', places: ['timestamp'] }),
  ...Object.entries(REPOSITORIES).map(([id, { says = 'verify bad_signature', ...rest }]) => ({
    ...{ id, says, ...rest, places: ['repository'] },
    does: { kind: 'tampering' as const, how: id },
  })),
];
