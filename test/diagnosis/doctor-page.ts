import { CATALOGUE, type FindingCode } from '../../src/diagnosis/catalogue.ts';
import { CHECKS } from '../../src/diagnosis/catalogue-entry.ts';
import { tableOf } from '../delivery/attack-table.ts';
import { DOCTOR_FAULTS, type DoctorFaultGroup, type DoctorSighting, wordsOf } from './run-doctor-faults.ts';

const INTRODUCTION = `# reeve doctor

\`reeve doctor\` finds out whether everything works by trying it. **This page is generated**, by
\`node scripts/generate-doctor-page.ts\`, from the catalogue in the code and from what the doctor said about machines to
which something was done; a test compares it with what it sees itself.

| check | what is tried |
|---|---|
| configuration | The file is read by the daemon's own reader: who may write it, each member, and the files it names. |
| state | Owner, modes and room of the state directory. A copy of it is opened as at a start: checked, migrated, verified again, compiled. |
| sockets | Mode and place of both, and who may write the directory. |
| service | Files and units as this version would install them, enabled, up, and not restarted; only for the configuration that the service goes by. |
| daemon | It answers, has a policy, is of this version, and knows who asks. |
| decisions | Questions of both domains through the socket, \`explain\` beside \`decide\`, the daemon's own files, and how long it takes. |
| policy | Its age, and the daemon's own warnings. |
| local files | Whether each is in force as it is written. |
| source | The daemon pulls its policy (as \`reeve sync\`), and this command does the same with the same credentials on the copy of the state: fetch, verify, store, compile. |
| log | The decision of this run is found in the decision log, and the chain of hashes is followed. |
| clock | Against what was signed, what was seen, and the policy server's own clock where TLS vouches for it. |
| clients | The settings of Claude Code, Codex, Gemini CLI, Cursor, sandbox-runtime and Squid, of this user (root: of every local account): whether they ask reeve, and whether they deny when they cannot. |

Nothing that serves is changed, except that the daemon may pull a newer policy, as it would a minute later; \`--offline\`
leaves that out. What needs rights that the caller does not have is *skipped*, with the reason, and \`complete\` is false.
A fault makes the exit code 1; a warning does not. In \`--json\`, \`code\` is stable, \`cause\` is a code from further down
(of a failed sync, of a closed domain), \`message\` and \`mend\` are for people.
`;

/** The whole page; a group that could not be tried keeps what the page has. */
export function doctorPage(seen: ReadonlyMap<DoctorFaultGroup, readonly DoctorSighting[]>, before: string): string {
  const groups = DOCTOR_FAULTS.map((group) => {
    const sightings = seen.get(group);
    const text = sightings === undefined ? sectionOf(before, group.heading) : faultTable(sightings);
    return `### ${group.heading}\n\n${text}\n`;
  });
  const sample = sampleIn([...seen.values()].flat());
  const shown = sample === null ? sectionOf(before, SAMPLE_HEADING) : sample;
  return [
    INTRODUCTION,
    `### ${SAMPLE_HEADING}\n\n${shown}\n`,
    `## Findings\n\n${catalogueTable()}\n`,
    FAULTS,
    ...groups,
  ].join('\n');
}

const FAULTS = `## What was done to machines, and what it said

Each was done to a machine that was well before, and mended afterwards; then the doctor was green again. Other findings
that the same fault leads to are in the last column.
`;

/** On a machine where somebody has opened a file that holds a secret. */
const SAMPLE = 'credential-open';
export const SAMPLE_HEADING = 'What it looks like';

/** What a person is told about one of the faults; null = it was not tried. */
export function sampleIn(sightings: readonly DoctorSighting[]): string | null {
  const found = sightings.find(({ fault }) => fault.id === SAMPLE);
  if (found === undefined) return null;
  return ['Others may read the credential file:', '', '```console', '$ reeve doctor', ...found.lines, '```'].join('\n');
}

function catalogueTable(): string {
  const codes = Object.keys(CATALOGUE) as FindingCode[];
  const rows = CHECKS.flatMap((check) =>
    codes
      .filter((code) => CATALOGUE[code].check === check)
      .map((code) => [`\`${code}\``, check, CATALOGUE[code].severity, CATALOGUE[code].what, CATALOGUE[code].mend]),
  );
  return tableOf(['finding', 'check', '', 'what it means', 'what to do'], rows);
}

/** No mode keeps root from a socket. */
const FOR_OTHERS = 'socket_refused';

export function faultTable(sightings: readonly DoctorSighting[]): string {
  const rows = sightings.map(({ fault, found, red }) => [
    fault.title,
    `\`${fault.finds}\``,
    found === null ? 'not found' : wordsOf(found),
    found?.mend ?? '',
    red
      .filter((name) => name !== fault.finds && name !== FOR_OTHERS)
      .map((name) => `\`${name}\``)
      .join(', '),
  ]);
  return tableOf(['fault', 'finding', 'it says', 'mend', 'beside it'], rows);
}

/** What the page has below the heading of a group; empty where there is none. */
export function sectionOf(page: string, heading: string): string {
  const found = page.split(/^### /m).find((part) => part.startsWith(`${heading}\n`));
  return (found?.slice(heading.length) ?? '').split(/^## /m)[0]?.trim() ?? '';
}
