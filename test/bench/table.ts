import { barText, figureText, type Row, verdictOf } from './goals.ts';

const HEAD = ['goal', 'what', 'ours', 'against', 'ratio', 'goal bar', 'bar to beat', 'verdict'] as const;

function cells(row: Row): readonly string[] {
  if (row.kind === 'skipped') return [row.goal, row.what, '', '', '', '', '', `skipped: ${row.reason}`];
  const { goal, what, ours, against, goalBar, beatBar, note } = row;
  const verdict = note === undefined ? verdictOf(row) : `${verdictOf(row)} (${note})`;
  return [goal, what, ours, against, figureText(row), barText(goalBar), barText(beatBar), verdict.trim()];
}

/** For a terminal: columns in line; what runs long stands last. */
export function plainTable(rows: readonly Row[]): string {
  const all = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const last = HEAD.length - 1;
  return all
    .map((row) => row.map((cell, column) => (column === last ? cell : cell.padEnd(widths[column] ?? 0))).join('  '))
    .join('\n');
}

export function markdownTable(rows: readonly Row[]): string {
  const line = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(HEAD), line(HEAD.map(() => '---')), ...rows.map((row) => line(cells(row)))].join('\n');
}
