import assert from 'node:assert/strict';
import { PerformanceObserver } from 'node:perf_hooks';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DecisionMeter } from '../../src/pdp/decision-meter.ts';
import { compile } from '../../src/policy/compile.ts';
import { decideText } from '../../src/policy/decide.ts';
import type { Answer } from '../../src/policy/decision.ts';
import { readRequest } from '../../src/policy/request.ts';
import { allow, deny, localFile, policy, type SetChanges, setOf } from '../policy/asking.ts';

const HOSTS = ['a.example', 'b.example', 'c.example', '169.254.169.254'];
const QUESTIONS: readonly unknown[] = [
  ...HOSTS.map((host) => ({ action: 'connect:tcp', host, port: 443 })),
  { action: 'connect:tcp', host: 'a.example', port: 70_000 },
  { action: 'connect:tcp', host: 'a.example', port: 443, uid: 7 },
  { action: 'read', path: '/srv/x', real: '/srv/x' },
  { action: 'read', path: '/etc/x', real: '/etc/x' },
];

const SETS: Readonly<Record<string, SetChanges>> = {
  org: { policies: [policy([allow('a.example'), deny('b.example')])] },
  monitored: { policies: [policy([allow('a.example'), deny('b.example')])], monitored: { network: true } },
  local: { local: [localFile([allow('a.example'), deny('b.example')])] },
  stale: { policies: [policy([allow('a.example')])], staleness: 'block' },
};

describe('the decision meter', () => {
  for (const [name, set] of Object.entries(SETS)) {
    test(`counts what the answers say: ${name}`, () => {
      const policyOf = compile(setOf(set));
      const snapshot = { policy: policyOf, generation: 1, ttlMs: 0 };
      const meter = new DecisionMeter();
      meter.turnOver(policyOf.layers);
      const expected: Record<string, number> = {};
      const rules: Record<string, number> = {};
      for (const question of QUESTIONS) {
        const reading = readRequest(question);
        assert.ok(reading.kind === 'request');
        const { request } = reading;
        const answer = JSON.parse(decideText(snapshot, request, { uid: 1_000 }, meter)) as Answer;
        meter.took(1);
        const outcome = answer.would_deny === true ? 'would_deny' : answer.kind === 'error' ? 'error' : answer.decision;
        const key = `${request.kind === 'invalid' ? 'none' : request.kind} ${outcome} ${answer.code}`;
        expected[key] = (expected[key] ?? 0) + 1;
        if (answer.rule !== undefined) rules[answer.rule.id] = (rules[answer.rule.id] ?? 0) + 1;
      }
      const counted = meter.counts().filter(({ count }) => count > 0);
      assert.deepEqual(
        Object.fromEntries(counted.map(({ domain, outcome, code, count }) => [`${domain} ${outcome} ${code}`, count])),
        expected,
      );
      assert.deepEqual(Object.fromEntries(meter.rules.read().map(({ rule, hits }) => [rule, hits])), rules);
      const timed = (['allow', 'would_deny', 'deny', 'error'] as const).map(
        (outcome) => meter.duration(outcome)?.cumulative().at(-1) ?? 0,
      );
      assert.equal(
        timed.reduce((sum, count) => sum + count),
        QUESTIONS.length,
      );
    });
  }

  test('has a line for everything that may happen before it does', () => {
    const counts = new DecisionMeter().counts();
    assert.ok(counts.every(({ count }) => count === 0));
    const has = (domain: string, outcome: string, code: string): boolean =>
      counts.some((line) => line.domain === domain && line.outcome === outcome && line.code === code);
    assert.ok(has('network', 'allow', 'org_allow') && has('filesystem', 'error', 'policy_stale'));
    assert.ok(has('network', 'would_deny', 'org_deny') && !has('network', 'would_deny', 'local_deny'));
    assert.ok(has('none', 'error', 'invalid_request') && !has('none', 'allow', 'org_allow'));
    assert.ok(!counts.some(({ code }) => code === 'daemon_unavailable'));
  });

  test('gives the collector nothing to do', async () => {
    const policyOf = compile(setOf({ policies: [policy([allow('a.example')])] }));
    const layer = policyOf.layers.find(({ origin }) => origin === 'org');
    assert.ok(layer !== undefined);
    const meter = new DecisionMeter();
    meter.turnOver(policyOf.layers);
    const match = { layer, target: 0 };
    const count = (times: number): void => {
      for (let index = 0; index < times; index += 1) {
        meter.decided('network', 'org_allow', match, false);
        meter.took(index * 1e-6);
      }
    };
    count(200_000);
    let collected = 0;
    const observer = new PerformanceObserver((list) => (collected += list.getEntries().length));
    observer.observe({ entryTypes: ['gc'] });
    await sleep(20);
    const before = process.memoryUsage().heapUsed;
    count(2_000_000);
    const grown = process.memoryUsage().heapUsed - before;
    await sleep(20);
    observer.disconnect();
    // one object of the smallest kind for each would be 32 MB
    assert.ok(collected > 0 || grown < 4_000_000, `${grown} bytes, ${collected} collections`);
    assert.ok(collected <= 1, `${collected} collections`);
  });
});
