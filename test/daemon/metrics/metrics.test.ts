import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { METRIC_NAMES, METRICS, type MetricName } from '../../../src/daemon/metrics/metric-names.ts';
import {
  call,
  decided,
  eventually,
  type Machine,
  machine,
  startDaemonProcess,
  toHost,
} from '../../support/daemon-process.ts';
import { enrol } from '../../support/enrolled-state.ts';
import { freePort } from '../../support/free-port.ts';
import { type ParsedFamily, parseExposition, valueOf } from '../../support/prometheus-text.ts';
import { fieldOf } from '../../support/raw-http.ts';

const PROMTOOL = spawnSync('promtool', ['--version']).error === undefined ? false : 'no promtool here';

type Families = ReadonlyMap<string, ParsedFamily>;

/** There is no bundle here whose end could be told. */
const NOT_HERE: readonly MetricName[] = ['reeve_policy_expires_timestamp_seconds'];

async function scrape(socket: string): Promise<Families> {
  const reply = await call(socket, 'GET /metrics');
  assert.deepEqual([reply.status, fieldOf(reply, 'content-type')], [200, 'text/plain; version=0.0.4; charset=utf-8']);
  return parseExposition(reply.text);
}

/** An enrolled machine that does not reach its source, with a local file. */
async function offlineMachine(t: TestContext): Promise<Machine> {
  const place = machine(t);
  mkdirSync(place.state, { mode: 0o700 });
  enrol(place.state, { syncedAt: Date.now() - 3_600_000 });
  place.writeLocal('mine.yaml', [
    { id: 'mine', decision: 'allow', actions: ['read'], resources: ['/srv/data/**'] },
    { id: 'more', decision: 'allow', actions: ['connect:tcp'], resources: ['more.example'] },
  ]);
  const credential = join(place.root, 'credential.json');
  writeFileSync(credential, JSON.stringify({ identifier: 'machine', secret: 'not-for-metrics' }), { mode: 0o600 });
  const baseUrl = `http://127.0.0.1:${await freePort()}/v2`;
  const source = { type: 'governance', base_url: baseUrl, org: 'acme', credential_file: credential, interval: '1h' };
  place.configure({ source });
  await startDaemonProcess(t, place);
  return place;
}

describe('GET /metrics of a daemon', () => {
  test('says on the admin socket all that the catalogue names, with the labels that it names', async (t) => {
    const place = await offlineMachine(t);
    assert.equal((await decided(place, toHost('a.example'))).code, 'org_allow');
    await call(place.admin, 'POST /v1/sync');
    const families = await scrape(place.admin);
    assert.deepEqual(
      [...families.keys()],
      METRIC_NAMES.filter((name) => !NOT_HERE.includes(name)),
    );
    for (const [name, { type, help, samples }] of families) {
      const spec = METRICS[name as MetricName];
      assert.deepEqual([type, help], [spec.type, spec.help]);
      for (const { labels } of samples) {
        assert.deepEqual(
          Object.keys(labels).filter((label) => label !== 'le'),
          spec.labels,
          name,
        );
      }
    }
  });

  test('is what Prometheus itself can read, and has no complaint about', { skip: PROMTOOL }, async (t) => {
    const place = await offlineMachine(t);
    await decided(place, toHost('a.example'));
    const { text } = await call(place.admin, 'GET /metrics');
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.deepEqual([checked.status, checked.stdout, checked.stderr], [0, '', '']);
  });

  test('counts decisions, their codes and how long they took', async (t) => {
    const place = await offlineMachine(t);
    const before = await scrape(place.decide);
    assert.equal(valueOf(before, 'reeve_decisions_total', { domain: 'network', code: 'org_allow' }), 0);
    for (let asked = 0; asked < 3; asked += 1) await decided(place, toHost('a.example'));
    await decided(place, toHost('b.example'));
    await decided(place, { action: 'read', path: '/srv/data/x', real: '/srv/data/x' });
    await call(place.decide, 'POST /v1/decide', [toHost('a.example'), { no: 'request' }, toHost('a.example', 70_000)]);
    const after = await scrape(place.decide);
    const total = (labels: Readonly<Record<string, string>>): number | undefined =>
      valueOf(after, 'reeve_decisions_total', labels);
    assert.deepEqual(
      [
        total({ domain: 'network', outcome: 'allow', code: 'org_allow' }),
        total({ domain: 'network', outcome: 'deny', code: 'default_deny' }),
        total({ domain: 'filesystem', outcome: 'allow', code: 'local_allow' }),
        total({ domain: 'none', outcome: 'error', code: 'invalid_request' }),
      ],
      [4, 1, 1, 1],
    );
    const timed = (outcome: string): number | undefined =>
      valueOf(after, 'reeve_decision_duration_seconds_count', { outcome });
    assert.deepEqual([timed('allow'), timed('deny'), timed('error'), timed('would_deny')], [5, 1, 1, 0]);
    assert.ok((valueOf(after, 'reeve_decision_duration_seconds_sum', { outcome: 'allow' }) ?? 0) > 0);
    assert.equal(valueOf(after, 'reeve_decision_log_decisions_total', { result: 'recorded' }), 7);
  });

  test('names rules on the admin socket only, and no secret anywhere', async (t) => {
    const place = await offlineMachine(t);
    for (let asked = 0; asked < 2; asked += 1) await decided(place, toHost('a.example'));
    await decided(place, { action: 'read', path: '/srv/data/x', real: '/srv/data/x' });
    const [decide, admin] = [await scrape(place.decide), await scrape(place.admin)];
    const hidden = METRIC_NAMES.filter((name) => METRICS[name].on === 'admin');
    assert.ok(hidden.length > 0 && hidden.every((name) => !decide.has(name) && admin.has(name)));
    assert.deepEqual(
      [...decide.keys()],
      [...admin.keys()].filter((name) => !hidden.includes(name as MetricName)),
    );
    assert.equal(valueOf(admin, 'reeve_rule_hits_total', { origin: 'org', policy: 'pol_1', rule: 'r1' }), 2);
    assert.equal(valueOf(admin, 'reeve_rule_hits_total', { origin: 'local', policy: 'mine.yaml', rule: 'mine' }), 1);
    const text = (await call(place.decide, 'GET /metrics')).text;
    for (const word of ['r1', 'mine', 'pol_1', 'a.example', 'not-for-metrics', '/v2']) {
      assert.ok(!new RegExp(`"[^"]*${word}[^"]*"`).test(text), word);
    }
    const all = (await call(place.admin, 'GET /metrics')).text;
    assert.ok(!all.includes('not-for-metrics'));
  });

  test('agrees with the status, and counts on when the policy changes', async (t) => {
    const place = await offlineMachine(t);
    await decided(place, toHost('a.example'));
    const generation = valueOf(await scrape(place.admin), 'reeve_policy_generation') ?? 0;
    place.writeLocal('other.yaml', [{ id: 'o', decision: 'deny', actions: ['connect:tcp'], resources: ['o.example'] }]);
    await eventually('the next generation', async () => {
      const now = valueOf(await scrape(place.admin), 'reeve_policy_generation') ?? 0;
      return now > generation;
    });
    await decided(place, toHost('a.example'));
    const families = await scrape(place.admin);
    assert.equal(valueOf(families, 'reeve_rule_hits_total', { rule: 'r1' }), 2);
    const { json } = await call(place.admin, 'GET /v1/status');
    const status = json as {
      readonly revision: string;
      readonly generation: number;
      readonly staleness: { readonly state: string; readonly age_seconds: number };
      readonly rules: { readonly active: number; readonly inactive: number };
    };
    assert.equal(valueOf(families, 'reeve_policy_info', { revision: status.revision, organisation: 'acme' }), 1);
    assert.equal(valueOf(families, 'reeve_policy_generation'), status.generation);
    assert.equal(valueOf(families, 'reeve_policy_rules', { state: 'active' }), status.rules.active);
    assert.equal(valueOf(families, 'reeve_policy_staleness', { state: status.staleness.state }), 1);
    const age = valueOf(families, 'reeve_policy_age_seconds') ?? 0;
    assert.ok(Math.abs(age - status.staleness.age_seconds) <= 5 && age >= 3_600);
    assert.equal(valueOf(families, 'reeve_local_files', { state: 'active' }), 2);
  });

  test('shows a source that fails: which runs, where, and since when nothing came', async (t) => {
    const place = await offlineMachine(t);
    await call(place.admin, 'POST /v1/sync');
    const families = await scrape(place.decide);
    assert.equal(valueOf(families, 'reeve_sync_failing'), 1);
    assert.ok((valueOf(families, 'reeve_sync_runs_total', { result: 'failed' }) ?? 0) >= 1);
    assert.equal(valueOf(families, 'reeve_sync_runs_total', { result: 'activated' }), 0);
    assert.equal(families.get('reeve_sync_last_error_info')?.samples[0]?.labels['stage'], 'fetch');
    const success = valueOf(families, 'reeve_sync_last_success_timestamp_seconds') ?? 0;
    assert.ok(Math.abs(Date.now() / 1_000 - 3_600 - success) < 120);
    assert.ok((valueOf(families, 'reeve_sync_next_attempt_timestamp_seconds') ?? 0) > Date.now() / 1_000 - 5);
  });
});
