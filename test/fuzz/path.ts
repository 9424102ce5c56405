import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isCanonicalPath, leadsThroughMagic, readPath, subtreeHoldsMagic } from '../../src/policy/resource/path.ts';
import { assertMessage } from './judged.ts';
import { mutatedText } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { PATH_WORDS, PATHS } from './words.ts';

/** The path of a request (Paths 1, 2 and 4): the lexical form is canonical, and both forms read as themselves. */
export const PATH = fuzzTarget<unknown>('path', 'PATH', () => ({
  inputs: fc.oneof(
    { weight: 30, arbitrary: mutatedText(PATHS, PATH_WORDS, 6_000) },
    { weight: 1, arbitrary: fc.jsonValue() },
  ),
  check(input) {
    const reading = readPath(input);
    if (reading.kind === 'invalid') {
      assertMessage(reading.reason);
      return;
    }
    const { lexical, sent } = reading;
    assert.ok(isCanonicalPath(lexical), lexical);
    assert.deepEqual(readPath(lexical), { kind: 'path', lexical, sent: lexical });
    assert.deepEqual(readPath(sent), reading);
    for (const platform of ['linux', 'darwin'] as const) {
      for (const path of [lexical, sent]) {
        const magic = leadsThroughMagic(path, platform);
        // a way through magic that comes out of it again is refused as well, so only this direction holds
        if (magic && path === lexical) assert.ok(leadsThroughMagic(sent, platform), sent);
        subtreeHoldsMagic(path, platform);
      }
    }
  },
}));
