import { STATES } from '../../src/cli/status-lines.ts';
import { type DaemonState } from '../../src/daemon/status/status-state.ts';
import { WARNINGS } from '../../src/daemon/status/warning-catalogue.ts';
import type { SeenState } from './four-states.ts';

const HEAD = `# Status

\`reeve status\` says at a glance whether reeve works on this machine, and why not. It needs no privileges: everybody who
may ask for decisions may see it. \`--json\` gives what \`GET /v1/status\` answers, member by member in
[api.md](api.md#get-v1status); \`--watch\` goes on, drawn anew each second on a terminal, elsewhere once for each change.
**This page is written by \`scripts/generate-status-page.ts\`**, and a test compares it with what it sees itself.

Whether all parts work, and how to mend them, is what \`reeve doctor\` finds out. Numbers for monitoring are in
[metrics.md](metrics.md).

## States

The first line names the worst that holds, in this order.

| state | what it means | what to do |
| --- | --- | --- |
`;

const TO_DO: Readonly<Record<DaemonState, string>> = {
  not_ready: 'see the daemon’s log; a start that fails says why',
  blocked:
    'the closed domain names its cause; mostly a newer policy is needed, and the warning `policy_aging` says what it lacks',
  stale: 'the warning `policy_aging` says whether this machine lacks a way to its source, or the source a newer policy',
  offline: 'see the last error; reeve asks again by itself',
  not_accepted:
    'see the last error: whoever publishes has to complete or mend what is offered, else this machine’s disk or version is at fault',
  degraded: 'each warning says what to do about it',
  healthy: 'nothing',
};

/** The page as it is to be, with what was seen of running daemons. */
export function statusPage(seen: readonly SeenState[]): string {
  const states = (Object.keys(TO_DO) as DaemonState[]).map(
    (state) => `| \`${state}\` | ${STATES[state].words} | ${TO_DO[state]} |\n`,
  );
  const warnings = Object.entries(WARNINGS).map(
    ([code, { severity, what, remedy }]) => `| \`${code}\` | ${severity} | ${what} | ${remedy} |\n`,
  );
  return [
    HEAD,
    ...states,
    '\n## What it looks like\n',
    '\nA machine of the organisation `acme`, with one local file of two rules: one of them lies in a domain that the',
    '\norganisation governs, and counts for nothing. Moments are left out.\n',
    ...seen.map(
      ({ title, how, text }) => `\n### ${title}\n\n${how}\n\n\`\`\`console\n$ reeve status\n${text}\n\`\`\`\n`,
    ),
    '\n## Warnings\n',
    '\nCodes are stable. A `fault` makes a state that would be `healthy` into `degraded`; a `notice` does not.\n',
    '\n| code | | what it means | what to do |\n| --- | --- | --- | --- |\n',
    ...warnings,
  ].join('');
}
