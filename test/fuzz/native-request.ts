import assert from 'node:assert/strict';
import { answerTo, SNAPSHOT } from './judged.ts';
import { mutatedValue } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { REQUEST_KEYS, REQUEST_VALUES, REQUESTS } from './words.ts';

/** The native request: any JSON value is read, decided and explained; what the answer shows asks the same again. */
export const NATIVE_REQUEST = fuzzTarget<unknown>('native-request', 'NATIVE_REQUEST', () => ({
  inputs: mutatedValue(REQUESTS, REQUEST_KEYS, REQUEST_VALUES),
  check(input) {
    const answer = answerTo(SNAPSHOT, input);
    if (answer?.request === undefined) return;
    const again = answerTo(SNAPSHOT, answer.request);
    assert.deepEqual(again?.request, answer.request);
    // Paths 4 looks at the path as sent, of which the canonical form does not tell
    if (answer.code !== 'unresolvable_path') assert.deepEqual(again, answer);
  },
}));
