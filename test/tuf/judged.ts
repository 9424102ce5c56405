import assert from 'node:assert/strict';
import { TufError } from '../../src/tuf/tuf-error.ts';

/** How something was judged: `accepted`, or `code @role` of the refusal. */
export function judged(judge: () => unknown): string {
  try {
    judge();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof TufError, String(error));
    assert.ok(error.message.startsWith(`${error.role}: `) && !error.message.includes('\n'), error.message);
    return `${error.code} @${error.role}`;
  }
}

/** The shortest of some tries, in milliseconds: other work on the machine is no fault of the one that is measured. */
export function quickest(work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 20 && best > 20; tries += 1) {
    const start = performance.now();
    work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
