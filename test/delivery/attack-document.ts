import type { AttackResult } from './attack.ts';
import { attackTable } from './attack-table.ts';

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
`;

const SECTIONS: Readonly<Record<AttackResult['source'], string>> = {
  governance: 'Source `governance`',
  tuf: 'Source `tuf`',
  file: 'Source `file`',
};

export function attackSection(results: readonly AttackResult[]): Section {
  const [first] = results;
  if (first === undefined) throw new Error('nothing was seen');
  return { heading: SECTIONS[first.source], text: attackTable(results) };
}

export function pageOf(sections: readonly Section[]): string {
  return [INTRODUCTION, ...sections.map(({ heading, text }) => `## ${heading}\n\n${text.trim()}\n`)].join('\n');
}

/** The page with one of its sections replaced, or added at its end. */
export function withSection(page: string, { heading, text }: Section): string {
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, found = '']) => found);
  const all = headings.includes(heading) ? headings : [...headings, heading];
  return pageOf(all.map((name) => ({ heading: name, text: name === heading ? text : sectionOf(page, name) })));
}

/** What the page has below a heading; empty where there is none. */
export function sectionOf(page: string, heading: string): string {
  const parts = page.split(/^## /m).slice(1);
  const found = parts.find((part) => part.startsWith(`${heading}\n`));
  return found?.slice(heading.length).trim() ?? '';
}
