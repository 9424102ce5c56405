import { tableOf } from '../attack-table.ts';
import { BETWEEN, STEPS } from './death.ts';
import type { Kill } from './loop.ts';

/** How many daemons died behind which step, and what the next start served. */
export function killTable(kills: readonly Kill[]): string {
  const head = ['last step done', 'killed right there', 'killed in what follows', 'then served the old', 'the new'];
  const rows = [null, ...STEPS].map((step) => {
    const found = kills.filter(({ after }) => after === step);
    return [step === null ? 'none' : `\`${step}\``, ...countsOf(found)];
  });
  return tableOf(head, [
    ...rows.filter((row) => row.slice(1).some((cell) => cell !== '0')),
    ['all', ...countsOf(kills)],
  ]);
}

function countsOf(kills: readonly Kill[]): readonly string[] {
  const count = (holds: (kill: Kill) => boolean): string => `${kills.filter(holds).length}`;
  return [
    count(({ how }) => how === 'at'),
    count(({ how }) => how === 'behind'),
    count(({ served }) => served === 'old'),
    count(({ served }) => served === 'new'),
  ];
}

export function betweenOf(kills: readonly Kill[]): number {
  return kills.filter(({ after }) => after !== null && BETWEEN.includes(after)).length;
}

/** The section of docs/attacks.md. */
export function killSection(kills: readonly Kill[]): string {
  return `\`npm run kill-loop -- --write\` killed \`reeve daemon\` ${kills.length} times with SIGKILL while a new revision was on its way
to being served, ${betweenOf(kills)} of them between \`candidate_stored\` and \`swapped\`. What it had done by then is what it had written down
itself. After each, the next start was asked about every host that tells revisions apart: what served was the old
revision or the new one, whole, and never one before them.

${killTable(kills)}`;
}
