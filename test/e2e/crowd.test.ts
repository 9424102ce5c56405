import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { DEFAULT_LOCAL_API_LIMITS } from '../../src/localapi/limits.ts';
import { quantile } from '../bench/quantiles.ts';
import { type DaemonProcess, decided, type Machine, machine, startDaemonProcess } from '../support/daemon-process.ts';
import { connect } from '../support/raw-http.ts';

const CROWD = 10_000;
const RATE = 50_000;
/** What else a process has open. */
const OTHER_FILES = 200;
/** The longest that anybody waits for an answer (limits, "From a complete request to its decision"). */
const BOUND_MS = DEFAULT_LOCAL_API_LIMITS.requestMs;
const FLOODER = join(import.meta.dirname, '../support/flood-process.ts');
const QUESTION = { action: 'connect:tcp', host: 'api.example.com', port: 443 };

async function daemonThatAllows(t: TestContext): Promise<{ place: Machine; daemon: DaemonProcess }> {
  const place = machine(t);
  place.writeLocal('10.json', [{ id: 'net', decision: 'allow', resources: ['api.example.com'] }]);
  place.configure({ decision_log: { enabled: false } });
  return { place, daemon: await startDaemonProcess(t, place) };
}

/** Latencies of one question after the other, each on a connection of its own, shortest first. */
async function latencies(place: Machine, goesOn: (asked: number) => boolean): Promise<readonly number[]> {
  const times: number[] = [];
  while (goesOn(times.length)) {
    const start = performance.now();
    assert.equal((await decided(place, QUESTION)).decision, 'allow');
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b);
}

const p99 = (sorted: readonly number[]): number => quantile(sorted, 0.99);

/** How many files this process may have open. */
function fileLimit(): number {
  const [, soft = '1024'] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return Number(soft);
}

const skip = process.platform === 'linux' ? false : 'open files are counted in /proc';

test('ten thousand idle clients keep nobody waiting, and the daemon holds few of them', { skip }, async (t) => {
  const { place, daemon } = await daemonThatAllows(t);
  const count = Math.min(CROWD, fileLimit() - OTHER_FILES);
  const crowd: Socket[] = [];
  t.after(() => {
    for (const socket of crowd) socket.destroy();
  });
  while (crowd.length < count) {
    const some = Math.min(100, count - crowd.length);
    crowd.push(...(await Promise.all(Array.from({ length: some }, () => connect(place.decide)))));
  }
  const held = readdirSync(`/proc/${daemon.pid}/fd`).length;
  const times = await latencies(place, (asked) => asked < 200);

  t.diagnostic(
    `${count} clients (${fileLimit()} open files allowed): ${held} open files, p99 ${p99(times).toFixed(1)} ms`,
  );
  assert.ok(held <= DEFAULT_LOCAL_API_LIMITS.maxConnections + OTHER_FILES, `${held} open files`);
  assert.ok(p99(times) < BOUND_MS, `p99 ${p99(times)} ms`);
});

test('a caller is answered in time while another asks 50,000 times a second', async (t) => {
  const { place } = await daemonThatAllows(t);
  const ms = 2_000;
  let flooding = true;
  const flood = promisify(execFile)(process.execPath, [FLOODER, place.decide, String(RATE), String(ms)], {
    env: { ...process.env, NODE_V8_COVERAGE: '' },
  }).finally(() => (flooding = false));
  const times = await latencies(place, () => flooding);
  const { asked, answered } = JSON.parse((await flood).stdout) as { asked: number; answered: number };

  const perSecond = (count: number): number => Math.round((count / ms) * 1_000);
  t.diagnostic(
    `${perSecond(asked)} asked and ${perSecond(answered)} answered a second, p99 beside it ${p99(times).toFixed(1)} ms`,
  );
  // beside other tests there may be no core left to flood with: the line above says how much it was
  assert.ok(asked >= (RATE * ms) / 1_000 / 10, 'nothing was flooded');
  assert.ok(times.length > 20, `${times.length} answers`);
  assert.ok(p99(times) < BOUND_MS, `p99 ${p99(times)} ms`);
});
