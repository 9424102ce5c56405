/** Where something is shown: an attack or a fault by its name, or a test by its file and title. */
export type Shown =
  | { readonly kind: 'here'; readonly source: 'governance' | 'tuf' | 'file' | 'fault'; readonly id: string }
  | { readonly kind: 'test'; readonly file: string; readonly title: string }
  | { readonly kind: 'not'; readonly why: string };

export interface AcceptanceLine {
  readonly line: string;
  readonly shown: readonly Shown[];
}

const by = (source: 'governance' | 'tuf' | 'file', ...ids: readonly string[]): readonly Shown[] =>
  ids.map((id) => ({ kind: 'here', source, id }));
const fault = (...ids: readonly string[]): readonly Shown[] => ids.map((id) => ({ kind: 'here', source: 'fault', id }));
const tested = (file: string, title: string): Shown => ({ kind: 'test', file: `test/${file}`, title });

/** What other people's bug reports ask of a product like this one, and where it is shown. */
export const ACCEPTANCE: readonly AcceptanceLine[] = [
  {
    line: 'empty 200, 204, 304 without an ETag',
    shown: [
      ...by('governance', 'empty-200', 'empty-204', 'not-modified'),
      ...by('tuf', 'empty-200', 'empty-204', 'not-modified'),
    ],
  },
  {
    line: '304 for an ETag that nobody holds',
    shown: [...by('governance', 'foreign-etag'), ...by('tuf', 'foreign-etag')],
  },
  { line: 'HTML with 200', shown: [...by('governance', 'html', 'html-as-json'), ...by('tuf', 'html', 'html-as-json')] },
  {
    line: 'truncated JSON',
    shown: [...by('governance', 'truncated'), ...by('tuf', 'truncated'), ...by('file', 'half')],
  },
  {
    line: 'valid JSON of another organisation',
    shown: [
      ...by('governance', 'other-org', 'other-org-listed'),
      ...by('tuf', 'signed-other-org'),
      ...by('file', 'other-org'),
    ],
  },
  {
    line: 'a bundle older than the high-water mark',
    shown: [...by('tuf', 'rollback', 'signed-older', 'signed-again'), ...by('file', 'older', 'again')],
  },
  {
    line: 'an expired signature with the clock set back',
    shown: [
      tested(
        'sources/tuf/faults.test.ts',
        'a clock that was set back makes nothing old acceptable, and is told apart from an attack',
      ),
      ...fault('signed-back'),
    ],
  },
  { line: 'one invalid rule among 250', shown: by('governance', 'broken-allow', 'broken-deny') },
  {
    line: 'a host with a trailing dot',
    shown: [tested('security/bypass-names.test.ts', '12 upper case and a trailing dot do not hide a denied host')],
  },
  {
    line: '`localhost`, 127.0.0.1, ::1 and 0x7f000001 are one place',
    shown: [
      tested('policy/address-guard.test.ts', 'tests localhost, what is below it and loopback addresses as one another'),
    ],
  },
  {
    line: 'deny and allow of the same host',
    shown: [tested('conformance/vectors/sets.jsonl', 'allow and deny of the same name: the deny wins')],
  },
  {
    line: 'a local allow where the organisation denies by default',
    shown: [tested('conformance/vectors/sets.jsonl', 'a local allow is inactive in a governed domain')],
  },
  {
    line: 'a local deny below an allow of the organisation',
    shown: [tested('conformance/vectors/sets.jsonl', 'a local deny narrows what the organisation allows')],
  },
  {
    line: 'a syntax error in a local file keeps its last good rules, and is shown',
    shown: [
      tested(
        'delivery/local-files.test.ts',
        'a local file that breaks keeps its rules, over a restart too, and is shown as it is',
      ),
      tested(
        'sources/local/local-files.test.ts',
        'a broken file keeps its last good rules, also across a restart; deleting it ends them',
      ),
    ],
  },
  {
    line: 'a link in the place of a local file',
    shown: [
      tested(
        'delivery/local-files.test.ts',
        'a link in the place of a local file keeps its denies and loses its allows',
      ),
    ],
  },
  {
    line: 'a save by renaming, as editors do it',
    shown: [
      tested('delivery/local-files.test.ts', 'a save by renaming is one change, and the file goes on being watched'),
    ],
  },
  {
    line: 'a restart with the server out of reach keeps the policy',
    shown: [
      ...fault('no-source'),
      tested(
        'e2e/organisation.test.ts',
        'the whole loop: pulled, changed by itself, kept without the server, and kept over a restart without it',
      ),
    ],
  },
  {
    line: '401 for ever reads the credential again',
    shown: [
      tested(
        'sources/governance/access-token.test.ts',
        'a 401 costs one new token, with the credential as the file holds it then',
      ),
      ...by('governance', 'unauthorised'),
    ],
  },
  {
    line: 'two organisations',
    shown: [
      tested(
        'e2e/organisation.test.ts',
        'what is stored keeps governing: another organisation conflicts, an edited policy is not served, age closes',
      ),
    ],
  },
  {
    line: 'what heals arrives while the daemon refuses what it has stored',
    shown: fault('database-older', 'mark-gone', 'database-half'),
  },
  {
    line: 'another server, a reboot, a jump of the clock and temporary grants',
    shown: [{ kind: 'not', why: 'there are no temporary grants' }],
  },
  {
    line: 'the clock jumps',
    shown: fault('a-day-ahead', 'back-while-stale', 'back-20-days', 'frozen-day', 'signed-back'),
  },
  {
    line: 'the disk of the log is full',
    shown: [
      tested('daemon/logger.test.ts', 'a full disk costs the lines and nothing else'),
      tested(
        'audit/events.test.ts',
        'an event survives a disk that refuses its page until it is given up, and a writer that breaks down',
      ),
    ],
  },
  {
    line: 'nobody takes the log',
    shown: [tested('audit/decision-log.test.ts', 'a slow disk costs records and never a caller')],
  },
  {
    line: 'a client that never reads its answers',
    shown: [
      tested('localapi/limits.test.ts', 'a flooder that reads nothing does not make the daemon hold its answers'),
    ],
  },
  {
    line: 'ten thousand idle connections',
    shown: [
      tested('e2e/crowd.test.ts', 'ten thousand idle clients keep nobody waiting, and the daemon holds few of them'),
      tested(
        'security/bypass-sockets.test.ts',
        '42 a thousand idle clients and some that send a byte at a time keep nobody waiting',
      ),
    ],
  },
  {
    line: 'one caller asks 50,000 times a second while another measures',
    shown: [
      tested('e2e/crowd.test.ts', 'a caller is answered in time while another asks 50,000 times a second'),
      tested('localapi/limits.test.ts', 'a caller is answered in time while others flood the socket'),
      tested('localapi/turns.test.ts', 'connections of one caller share its time'),
    ],
  },
  {
    line: 'a new policy under load, and no batch of two generations',
    shown: [
      tested('pdp/decision-point.test.ts', 'answers by one generation, also when the policy changes in between'),
      tested('soak/soak.test.ts', 'under mixed load and changing policies every answer is the one of its revision'),
    ],
  },
  {
    line: 'a name that `ls` prints is taken by the other commands',
    shown: [tested('cli/local.test.ts', 'local rm deletes a file of the directory and nothing outside it')],
  },
  {
    line: '`doctor` is red for each of these that is a fault of this machine or its source',
    shown: [tested('diagnosis/doctor-faults.test.ts', '…, the doctor finds each fault, and nothing once it is mended')],
  },
];
