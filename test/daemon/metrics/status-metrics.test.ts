import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expositionOf, type Samples } from '../../../src/daemon/metrics/exposition.ts';
import { statusSamples } from '../../../src/daemon/metrics/status-metrics.ts';
import { NO_FACTS, NO_REPORT } from '../../../src/daemon/policy/policy-report.ts';
import { type StatusInputs, statusOf } from '../../../src/daemon/status/status.ts';
import { compile } from '../../../src/policy/compile.ts';
import { allow, NOW, policy, type SetChanges, setOf } from '../../policy/asking.ts';
import { PLAIN_TERMS } from '../../support/bundle-terms.ts';
import { parseExposition, valueOf } from '../../support/prometheus-text.ts';

function samplesOf(set: SetChanges | null, more: Partial<StatusInputs> = {}): Samples {
  const snapshot = set === null ? null : { policy: compile(setOf(set)), generation: 3, ttlMs: 0 };
  const inputs: StatusInputs = {
    ...{ version: '1.2.3', startedAt: NOW, now: NOW, snapshot, configuredSource: null, preset: 'open' },
    ...{ facts: NO_FACTS, report: NO_REPORT, trouble: null, peerCredentials: 'available', decisionLog: null },
    reloadRefusal: null,
    socketTroubles: [],
    ...more,
  };
  return statusSamples(statusOf(inputs));
}

const familiesOf = (samples: Samples): ReturnType<typeof parseExposition> =>
  parseExposition(`${expositionOf(samples)}\n`);

test('before there is a policy its metrics say so, and what is unknown is left out', () => {
  const families = familiesOf(samplesOf(null));
  assert.equal(valueOf(families, 'reeve_ready'), 0);
  assert.equal(valueOf(families, 'reeve_policy_info', { revision: 'none', organisation: '' }), 1);
  for (const name of ['reeve_domain_governed', 'reeve_policy_age_seconds', 'reeve_sync_failing', 'reeve_local_files']) {
    assert.ok(!families.has(name), name);
  }
  assert.ok(!families.has('reeve_decision_log_queued'), 'nothing is kept, so nothing waits');
});

test('domains, staleness and the end of a bundle are told as they are in force', () => {
  const closed = { network: { code: 'no_policy', reason: 'none' } } as const;
  const terms = { ...PLAIN_TERMS, issuedAt: NOW - 5_000, expiresAt: NOW + 60_000, shadow: true };
  const set: SetChanges = { policies: [policy([allow('a.example')])], monitored: { network: true }, staleness: 'warn' };
  const families = familiesOf(
    samplesOf({ ...set, closed }, { facts: { ...NO_FACTS, terms }, trouble: 'out of memory' }),
  );
  const of = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
    valueOf(families, name, labels);
  assert.deepEqual(
    ['governed', 'monitored', 'closed'].map((what) => of(`reeve_domain_${what}`, { domain: 'network' })),
    [1, 1, 1],
  );
  assert.equal(of('reeve_domain_closed', { domain: 'filesystem' }), 0);
  assert.deepEqual(
    ['fresh', 'warn', 'restrict', 'block'].map((state) => of('reeve_policy_staleness', { state })),
    [0, 1, 0, 0],
  );
  assert.equal(of('reeve_policy_expires_timestamp_seconds'), (NOW + 60_000) / 1_000);
  assert.equal(of('reeve_policy_thread_up'), 0);
  assert.deepEqual(
    ['policy_thread_lost', 'shadow_not_evaluated', 'policy_aging'].map((code) => of('reeve_warnings', { code })),
    [1, 1, 1],
  );
});
