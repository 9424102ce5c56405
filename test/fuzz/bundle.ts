import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compile } from '../../src/policy/index.ts';
import { readBundle } from '../../src/schema/bundle.ts';
import { admitBundle } from '../../src/sources/admit-bundle.ts';
import { SourceError } from '../../src/sources/source-failure.ts';
import { bundleDocument, bundlePolicy } from '../support/bundle-documents.ts';
import { emptySet } from '../support/policy-sets.ts';
import { assertMessage } from './judged.ts';
import { mutatedText, mutatedValue } from './mutation.ts';
import { fuzzTarget } from './target.ts';
import { RULE_KEYS, RULE_VALUES, RULES } from './words.ts';

const CHANGE = { by: 'ann', at: '2026-06-01T11:00:00Z', reason: 'a mirror', ticket: 'SEC-12' };
const TESTS = [
  { request: { action: 'connect:tcp', host: 'elsewhere.example', port: 443 }, expect: 'deny' },
  { name: 'a path', request: { action: 'read', path: '/x' }, expect: { decision: 'deny', code: 'default_deny' } },
];

const BUNDLES = [
  bundleDocument(),
  bundleDocument({
    policies: [bundlePolicy(RULES), bundlePolicy(RULES.slice(0, 3), { id: 'teams', scope: { teams: ['core'] } })],
    governed: ['network', 'filesystem'],
    delegated: { network: true },
    mode: { filesystem: 'monitor' },
    staleness: { warn_after: 'P1D', restrict_after: 'P7D', block_after: 'P30D' },
    poll_interval: 'PT60S',
    support_message: 'ask us',
    requires: ['network'],
    min_version: '0.1.0',
    tests: TESTS,
    change: CHANGE,
  }),
  bundleDocument({ policies: [bundlePolicy([])], shadow: bundleDocument({ change: CHANGE }) }),
];

const KEYS = [
  ...RULE_KEYS,
  ...BUNDLES.flatMap((bundle) => Object.keys(bundle)),
  ...[
    'network',
    'filesystem',
    'by',
    'at',
    'warn_after',
    'request',
    'expect',
    'decision',
    'code',
    'name',
    'id',
    'teams',
  ],
];
const VALUES = [
  ...RULE_VALUES,
  ...['reeve.bundle/2', 'network', 'filesystem', 'enforce', 'monitor', 'allow', 'deny', 'org_deny', 'acme', 'core'],
  ...['07', '9007199254740993', 'P1D', 'PT0S', 'P999999D', 'P1M', '1.2.3-rc.1', '99.0.0', 'http_rules'],
  ...['2026-06-01T12:00:00+02:00', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59Z', '0000-01-01T00:00:00Z'],
  ...['x'.repeat(501), 'x'.repeat(20_000)],
  [['network'], ['filesystem', 'filesystem'], TESTS, CHANGE, BUNDLES[0]],
].flat();
const WORDS = ['"', '{', '}', '[', ']', ',', ':', '\\', '\\ud800', '"org":"acme",', '0.5', '1e999', 'null', '\ufeff'];

/** A value after changes in it, or a text after changes to its characters. */
const inputs = fc.oneof(
  { weight: 4, arbitrary: mutatedValue(BUNDLES, KEYS, VALUES).map((value) => JSON.stringify(value)) },
  {
    weight: 1,
    arbitrary: mutatedText(
      BUNDLES.map((bundle) => JSON.stringify(bundle)),
      WORDS,
      16_384,
    ),
  },
);

/** Bundle documents: refused with one line, or read as themselves and compiled, whatever their rules say. */
export const BUNDLE = fuzzTarget<string>('bundle', 'BUNDLE', () => ({
  inputs,
  check(text) {
    const reading = readBundle(text);
    const admitted = admission(text);
    if (reading.kind === 'invalid') {
      assertMessage(reading.message);
      // half of a surrogate pair has no bytes
      if (text.isWellFormed()) assert.equal(admitted, reading.code);
      return;
    }
    const { org, revision, terms, policies } = reading.bundle;
    assert.ok(terms.issuedAt < terms.expiresAt && /^\d+$/.test(revision) && org !== '');
    assert.deepEqual(JSON.parse(JSON.stringify(terms)), terms, 'terms are stored as JSON');
    const { supportMessage, change, expiresAt, delegated, monitored } = terms;
    const set = emptySet({ policies, supportMessage, change, expiresAt, delegated, monitored });
    const compiled = compile(set);
    for (const { message } of [...compiled.issues, ...compiled.warnings]) assertMessage(message);
    assert.ok(compiled.nextChange === null || compiled.nextChange > set.now);
  },
}));

/** The code with which a machine of `acme` refuses it; null = it takes it. */
function admission(text: string): string | null {
  const now = Date.parse('2026-06-01T12:00:00Z');
  try {
    admitBundle({ document: Buffer.from(text), org: 'acme', version: '1.2.0', now });
    return null;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    assertMessage(error.message);
    return error.code;
  }
}
