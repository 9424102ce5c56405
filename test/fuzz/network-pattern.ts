import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isNarrowNetwork, type NetworkPattern, readNetworkPattern } from '../../src/policy/resource/network-pattern.ts';
import { answerTo, assertMessage, snapshotOf } from './judged.ts';
import { mutatedText } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { HOSTS, NETWORK_PATTERN_WORDS, NETWORK_PATTERNS } from './words.ts';

/** What the pattern would be written as; null for globs, of which only the matcher is kept. */
function textOf(pattern: NetworkPattern): string | null {
  if (pattern.kind === 'prefix') return pattern.prefix.text;
  const port = pattern.port === null ? '' : `:${pattern.port}`;
  switch (pattern.kind) {
    case 'any':
      return `**${port}`;
    case 'name':
      return pattern.name + port;
    case 'one':
      return `*.${pattern.suffix}${port}`;
    case 'deep':
      return `**.${pattern.suffix}${port}`;
    case 'address': {
      const { text } = pattern.address;
      return (text.includes(':') ? `[${text}]` : text) + port;
    }
    case 'glob':
      return null;
  }
}

const HOSTILE_NAMES = [...HOSTS, `${'a'.repeat(63)}.${'a'.repeat(63)}.example.com`, `${'aa.'.repeat(80)}example.com`];

interface Input {
  readonly resource: string;
  readonly host: string;
}

/** Network resources of rules: refused with a reason, or canonical; matching is quick whatever the pattern. */
export const NETWORK_PATTERN = fuzzTarget<Input>('network-pattern', 'NETWORK_PATTERN', () => ({
  inputs: fc.record({
    resource: mutatedText(NETWORK_PATTERNS, NETWORK_PATTERN_WORDS, 1_000),
    host: fc.oneof(fc.constantFrom(...HOSTILE_NAMES), mutatedText(HOSTS, ['a', 'aa', '.'], 300)),
  }),
  check({ resource, host }) {
    const reading = readNetworkPattern(resource);
    if (reading.kind === 'invalid') assertMessage(reading.message);
    else {
      isNarrowNetwork(reading.pattern);
      reading.warnings.forEach(assertMessage);
      const text = textOf(reading.pattern);
      if (text !== null) assert.deepEqual(readNetworkPattern(text), { ...reading, warnings: [] });
    }
    const rule = { id: 'r', decision: 'allow', actions: ['connect:tcp'], resources: [resource] };
    const allowed = answerTo(snapshotOf([rule]), { action: 'connect:tcp', host, port: 443 });
    const denied = answerTo(snapshotOf([{ ...rule, decision: 'deny' }]), { action: 'connect:tcp', host, port: 443 });
    // what cannot be read grants nothing, and denies everything
    if (reading.kind === 'invalid') assert.equal(allowed?.decision, 'deny');
    if (allowed?.decision === 'allow') assert.equal(denied?.code, 'org_deny');
  },
}));
