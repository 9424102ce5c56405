import type { Question } from './request.ts';

/** A question and its place among those that were given. */
export interface PlacedQuestion {
  readonly index: number;
  readonly question: Question;
}

/** What one request to `POST /v1/decide` may hold (api, "Files and who may what"). */
const MAX_QUESTIONS = 1_000;
const MAX_BYTES = 1_000_000;

/** Splits questions into as few batches as the daemon's limits let, in order. */
export function batchesOf(questions: readonly PlacedQuestion[]): readonly (readonly PlacedQuestion[])[] {
  const batches: PlacedQuestion[][] = [];
  let bytes = 0;
  for (const placed of questions) {
    const size = Buffer.byteLength(JSON.stringify(placed.question)) + 1;
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === MAX_QUESTIONS || bytes + size > MAX_BYTES) {
      batches.push([placed]);
      bytes = size;
    } else {
      batch.push(placed);
      bytes += size;
    }
  }
  return batches;
}
