import { ATTACKS } from '../sources/tuf/attacks.ts';
import { ACCEPTANCE, type Shown } from './acceptance.ts';
import type { AttackResult } from './attack.ts';
import { attackTable, tableOf } from './attack-table.ts';
import { FAULT_GROUPS } from './fault-groups.ts';
import type { FaultResult } from './run-faults.ts';

/** A part of docs/attacks.md: what is between its heading and the next. */
export interface Section {
  readonly heading: string;
  readonly text: string;
}

const INTRODUCTION = `# Attacks and faults

What was done to a running daemon, and what it did. **This page is generated from what the tests saw**, by
\`node scripts/generate-attack-table.ts\`, and a test compares it with what it sees itself.

Each attack meets two machines: one that serves a policy, while a newer revision waits behind the attack, and one that
never heard of any. *Served afterwards* is judged by revision, generation, and the answers for a host that is allowed,
one that is denied, one that only the attacker wants, and one that only the newer revision allows. **As before** means
that all of them are what they were: the last good policy, on the same generation, or \`no_policy\` for everything. Where
the machine without a policy saw something else, the cell says so (*at first*). After each attack the source meant well
again, and the newer revision was live at the next sync. *Kind* is the letter of a complaint that users of other agents
have: **A** accepted and not enforced, **B** no usable why, **C** a bad update destroys a good policy, **D** stuck for
ever, **E** the daemon blocks itself or the machine, **F** a peer trusted too much, **G** staleness that nobody sees.

Each fault of a machine meets a daemon that had served revision 2, whose source is out of reach until it has been looked
at; that it says so, too, is left out. Then the source may be reached again, with something new. A source that is
*frozen* can be reached all the time, and never has anything new.

The last section but one lists where reeve and the reference client of TUF judge differently. The last one says where
each line of a list is shown that was drawn from bug reports of comparable agents; there and above, *acceptance* means
that list.
`;

export const KILL_HEADING = 'Kill loop';
const JUDGED_HEADING = 'Where `tuf-js` judges differently';
export const ACCEPTANCE_HEADING = 'Acceptance list';

const SECTIONS: Readonly<Record<AttackResult['source'], string>> = {
  governance: 'Source `governance`',
  tuf: 'Source `tuf`',
  file: 'Source `file`',
};

/** In the order of the page. */
const HEADINGS: readonly string[] = [
  ...Object.values(SECTIONS),
  ...FAULT_GROUPS.map(({ heading }) => heading),
  KILL_HEADING,
  JUDGED_HEADING,
  ACCEPTANCE_HEADING,
];

export function attackSection(results: readonly AttackResult[]): Section {
  const [first] = results;
  if (first === undefined) throw new Error('nothing was seen');
  return { heading: SECTIONS[first.source], text: attackTable(results) };
}

/** The attacks on a TUF client, tried on ours and on `tuf-js`, that only one of them accepts. */
export function judgementSection(): Section {
  const rows = ATTACKS.filter(({ why }) => why !== undefined).map(({ name, ours, theirs, why }) => {
    return [name, ours, theirs, why ?? ''];
  });
  const both = `Each of ${ATTACKS.length} attacks was tried on both clients; these are the ones that only one of them accepts.`;
  return { heading: JUDGED_HEADING, text: `${both}\n\n${tableOf(['attack', 'reeve', '`tuf-js`', 'why'], rows)}` };
}

/** Where each line of the acceptance list is shown. */
export function acceptanceSection(): Section {
  const cellOf = (shown: Shown): string => {
    switch (shown.kind) {
      case 'here':
        return `${shown.source} \`${shown.id}\``;
      case 'test':
        return `${shown.file}: ${shown.title}`;
      case 'not':
        return `not: ${shown.why}`;
    }
  };
  const rows = ACCEPTANCE.map(({ line, shown }) => [line, shown.map(cellOf).join('<br>')]);
  return { heading: ACCEPTANCE_HEADING, text: tableOf(['what must not go wrong', 'shown by'], rows) };
}

/** The same for what happened to a machine. */
export function faultSection(heading: string, results: readonly FaultResult[]): Section {
  const head = ['fault', 'kind', 'served, the source out of reach', '`status` says', 'log says', 'healed by', 'test'];
  const rows = results.map(({ fault, seen }) => {
    const { title, kind, id, mend } = fault;
    const said = seen.message === '' ? 'nothing' : seen.message;
    const log = seen.logged.length === 0 ? 'nothing' : seen.logged.join('<br>');
    const mended = mend === undefined ? 'the next sync' : `${mend.how}, and the next sync`;
    return [title, kind, seen.served, said, log, seen.healed ? mended : 'nothing that was tried', `\`${id}\``];
  });
  return { heading, text: tableOf(head, rows) };
}

export function pageOf(sections: readonly Section[]): string {
  return [INTRODUCTION, ...sections.map(({ heading, text }) => `## ${heading}\n\n${text.trim()}\n`)].join('\n');
}

/** The page with one of its sections replaced, or added at its end. */
export function withSection(page: string, { heading, text }: Section): string {
  const there = new Set([...page.matchAll(/^## (.+)$/gm)].map(([, found = '']) => found)).add(heading);
  const all = HEADINGS.filter((name) => there.has(name));
  return pageOf(all.map((name) => ({ heading: name, text: name === heading ? text : sectionOf(page, name) })));
}

/** Rows that are in one of them and not in the other. */
export function differences(page: string, { heading, text }: Section): readonly string[] {
  const [there, seen] = [sectionOf(page, heading).split('\n'), text.trim().split('\n')];
  return [
    ...seen.filter((row) => !there.includes(row)).map((row) => `seen: ${row}`),
    ...there.filter((row) => !seen.includes(row)).map((row) => `written: ${row}`),
  ];
}

/** What the page has below a heading; empty where there is none. */
function sectionOf(page: string, heading: string): string {
  const parts = page.split(/^## /m).slice(1);
  const found = parts.find((part) => part.startsWith(`${heading}\n`));
  return found?.slice(heading.length).trim() ?? '';
}
