import assert from 'node:assert/strict';
import type { BatchWork, ToldItem } from '../../src/pdp/decision-point.ts';

/** What a batch tells without waiting for anything. */
export function toldAtOnce(work: BatchWork): readonly ToldItem[] {
  const told = work.advance(Number.POSITIVE_INFINITY);
  assert.ok(told !== null && !(told instanceof Promise));
  return told;
}

/** What a batch tells in the end. */
export async function toldInTheEnd(work: BatchWork): Promise<readonly ToldItem[]> {
  for (;;) {
    const told = work.advance(Number.POSITIVE_INFINITY);
    if (told === null) continue;
    if (!(told instanceof Promise)) return told;
    await told;
  }
}
