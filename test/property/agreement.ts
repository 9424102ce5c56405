/** Compares the core with the reference on all requests of a case, and counts what came up. */
import type { DenseCase } from './dense.ts';
import { prepareReference } from './reference.ts';
import { difference, prepareSubject } from './subject.ts';

export interface Tally {
  pairs: number;
  /** By code. */
  readonly codes: Map<string, number>;
}

export function newTally(): Tally {
  return { pairs: 0, codes: new Map() };
}

export function shareOf({ pairs, codes }: Tally, test: (code: string) => boolean): number {
  const found = [...codes].reduce((sum, [code, count]) => sum + (test(code) ? count : 0), 0);
  return pairs === 0 ? 0 : found / pairs;
}

/** The first request on which the two differ, as a line for `reeve eval`, and how; null = they agree. */
export function disagreement({ input, requests }: DenseCase, tally: Tally): string | null {
  const reference = prepareReference(input);
  const subject = prepareSubject(input);
  for (const request of requests) {
    const answer = subject(request);
    const code = String(answer['code']);
    tally.pairs += 1;
    tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
    const wrong = difference({ ...input, request }, answer, reference(request));
    if (wrong !== null) return `${wrong}: ${JSON.stringify({ ...input, request })}`;
  }
  return null;
}
