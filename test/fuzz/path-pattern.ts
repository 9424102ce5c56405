import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isNarrowPath } from '../../src/policy/resource/narrow-path.ts';
import {
  literalPrefix,
  pathPatternText,
  readPathPattern,
  withHome,
  withPrefix,
} from '../../src/policy/resource/path-pattern.ts';
import { answerTo, assertMessage, snapshotOf } from './judged.ts';
import { mutatedText } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { PATH_PATTERN_WORDS, PATH_PATTERNS, PATH_WORDS, PATHS } from './words.ts';

interface Input {
  readonly resource: string;
  readonly path: string;
  readonly recursive: boolean;
}

const HOSTILE_PATHS = [...PATHS, `/${'a/'.repeat(1_500)}c`, `/srv/${'a'.repeat(250)}`, '/home/ana/project/x'];

function assertReading(resource: string): boolean {
  const reading = readPathPattern(resource);
  if (reading.kind !== 'pattern') {
    assertMessage(reading.message);
    return false;
  }
  const { pattern } = reading;
  const text = pathPatternText(pattern);
  const again = readPathPattern(text);
  assert.deepEqual(again.kind === 'pattern' ? again.pattern : again, pattern, text);
  isNarrowPath(pattern);
  const homed = withHome(pattern, '/home/ana');
  assert.equal(homed.home, false);
  const prefix = literalPrefix(homed);
  if (prefix !== null) assert.equal(literalPrefix(withPrefix(homed, prefix, '/elsewhere')), '/elsewhere');
  return true;
}

/** Path resources of rules (Paths 5–7): what a pattern is written as reads as that pattern; matching is quick. */
export const PATH_PATTERN = fuzzTarget<Input>('path-pattern', 'PATH_PATTERN', () => ({
  inputs: fc.record({
    resource: mutatedText(PATH_PATTERNS, PATH_PATTERN_WORDS, 5_000),
    path: fc.oneof(fc.constantFrom(...HOSTILE_PATHS), mutatedText(PATHS, PATH_WORDS, 4_000)),
    recursive: fc.boolean(),
  }),
  check({ resource, path, recursive }) {
    const sound = assertReading(resource);
    const rule = { id: 'r', decision: 'allow', actions: ['read'], resources: [resource] };
    const question = { action: 'read', path, resolved: true, recursive };
    const allowed = answerTo(snapshotOf([rule]), question);
    const denied = answerTo(snapshotOf([{ ...rule, decision: 'deny' }]), question);
    if (!sound) assert.equal(allowed?.decision, 'deny');
    if (allowed?.decision === 'allow') assert.equal(denied?.code, 'org_deny');
  },
}));
