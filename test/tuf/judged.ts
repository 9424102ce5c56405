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
