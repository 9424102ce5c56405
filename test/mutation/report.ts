/** What Stryker found, for people. */

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: Place; readonly end: Place };
}
interface Place {
  readonly line: number;
  readonly column: number;
}
interface Mutated {
  readonly source: string;
  readonly mutants: readonly Mutant[];
}
/** The part of Stryker's JSON report that is used here. */
export interface Report {
  readonly files: Readonly<Record<string, Mutated>>;
}

export interface Score {
  readonly file: string;
  /** Killed, and those that went round for too long. */
  readonly detected: number;
  readonly all: number;
}

const DETECTED = ['Killed', 'Timeout'];
const UNDETECTED = ['Survived', 'NoCoverage'];

export function scoresOf({ files }: Report): readonly Score[] {
  const counted = Object.entries(files).map(([file, { mutants }]) => {
    const detected = mutants.filter(({ status }) => DETECTED.includes(status)).length;
    const undetected = mutants.filter(({ status }) => UNDETECTED.includes(status)).length;
    return { file, detected, all: detected + undetected };
  });
  return counted.filter(({ all }) => all > 0).toSorted((a, b) => a.file.localeCompare(b.file));
}

export function totalOf(scores: readonly Score[]): Score {
  const sum = (key: 'detected' | 'all'): number => scores.reduce((found, score) => found + score[key], 0);
  return { file: 'all', detected: sum('detected'), all: sum('all') };
}

export function percent({ detected, all }: Score): number {
  return all === 0 ? 100 : (100 * detected) / all;
}

export function plainScores(scores: readonly Score[]): string {
  const lines = [...scores, totalOf(scores)].map((score) => {
    const { file, detected, all } = score;
    return `${percent(score).toFixed(1).padStart(6)} %  ${String(detected).padStart(5)} of ${String(all).padStart(5)}  ${file}`;
  });
  return lines.join('\n');
}

export function markdownScores(scores: readonly Score[]): string {
  const lines = [...scores, totalOf(scores)].map((score) => {
    const { file, detected, all } = score;
    return `| ${file === 'all' ? '**all**' : `\`${file}\``} | ${all} | ${all - detected} | ${percent(score).toFixed(1)} % |`;
  });
  return ['| file | mutants | survivors | score |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

/** A line each: where, what stands there, and what it could be without a test that fails. */
export function survivorsOf({ files }: Report): readonly string[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split('\n');
    return mutants
      .filter(({ status }) => UNDETECTED.includes(status))
      .toSorted(({ location: { start: a } }, { location: { start: b } }) => a.line - b.line || a.column - b.column)
      .map(({ mutatorName, replacement = '', location: { start, end }, status }) => {
        const text = lines[start.line - 1] ?? '';
        const was = text.slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined);
        const where = `${file}:${start.line}:${start.column}`;
        return `${where}  ${short(was)} -> ${short(replacement)}  (${mutatorName}${status === 'NoCoverage' ? ', not run' : ''})`;
      });
  });
}

function short(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ').trim();
  return `\`${line.length > 70 ? `${line.slice(0, 69)}…` : line}\``;
}
