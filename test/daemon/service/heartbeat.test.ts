import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decidesBy, Heartbeat, startHeartbeat, watchDecisions } from '../../../src/daemon/service/heartbeat.ts';
import { createNotifier } from '../../../src/daemon/service/service-notify.ts';
import type { DecisionPoint, Told } from '../../../src/pdp/decision-point.ts';
import { createSnapshotHolder } from '../../../src/pdp/snapshot-holder.ts';
import { eventually } from '../../support/daemon-process.ts';

interface State {
  decides: boolean;
  given: number;
  waiting: number;
  longestWaitMs: number;
}

function heartbeatOf(state: State): Heartbeat {
  return new Heartbeat({
    decides: () => state.decides,
    turns: () => ({ given: state.given, waiting: state.waiting }),
    longestWaitMs: () => state.longestWaitMs,
  });
}

const healthy = (): State => ({ decides: true, given: 0, waiting: 0, longestWaitMs: 0 });

describe('a heartbeat', () => {
  test('beats while decisions are made and nobody waits', () => {
    const heartbeat = heartbeatOf(healthy());
    for (let look = 0; look < 3; look += 1) assert.deepEqual(heartbeat.look(), { kind: 'beats' });
  });

  test('stops when no decision can be made', () => {
    const state = healthy();
    const heartbeat = heartbeatOf(state);
    state.decides = false;
    assert.equal(heartbeat.look().kind, 'stalled');
    state.decides = true;
    assert.equal(heartbeat.look().kind, 'beats');
  });

  test('stops when callers wait from one look to the next and none gets a turn', () => {
    const state = healthy();
    const heartbeat = heartbeatOf(state);
    state.waiting = 3;
    assert.equal(heartbeat.look().kind, 'beats', 'they may just have come');
    assert.deepEqual(heartbeat.look(), { kind: 'stalled', why: '3 callers wait, and none of them gets a turn' });
    state.given += 1;
    assert.equal(heartbeat.look().kind, 'beats');
  });

  test('goes on under a flood, however many wait: that is no reason to restart', () => {
    const state = healthy();
    const heartbeat = heartbeatOf(state);
    state.waiting = 1_024;
    state.longestWaitMs = 9_000;
    for (let look = 0; look < 5; look += 1) {
      state.given += 1;
      assert.equal(heartbeat.look().kind, 'beats');
    }
  });

  test('stops when a decision that was asked for does not come', () => {
    const state = healthy();
    const heartbeat = heartbeatOf(state);
    state.longestWaitMs = 10_001;
    assert.deepEqual(heartbeat.look(), { kind: 'stalled', why: 'a decision that was asked for does not come' });
  });

  test('feeds the watchdog only while it beats', async () => {
    const state = healthy();
    let fed = 0;
    const errors: string[] = [];
    const notifier = createNotifier({
      send: (text) => {
        if (text === 'WATCHDOG=1') fed += 1;
        return true;
      },
      close: () => undefined,
      watchdogMs: 30,
    });
    const log = { error: (fields: object) => void errors.push(JSON.stringify(fields)) };
    const part = startHeartbeat(heartbeatOf(state), notifier, log);
    await eventually('it to be fed', () => fed > 2);
    state.decides = false;
    await eventually('a word about it', () => errors.length > 0);
    const before = fed;
    await eventually('more looks', () => errors.length > 3);
    assert.equal(fed, before);
    await part.close();
  });

  test('that does not beat at the start keeps the daemon from being ready', () => {
    const state = { ...healthy(), decides: false };
    const notifier = createNotifier({ send: () => true, close: () => undefined, watchdogMs: null });
    assert.throws(() => startHeartbeat(heartbeatOf(state), notifier, { error: () => undefined }), /does not answer/);
  });

  test('of a daemon without a usable policy goes on: a restart would bring it none', () => {
    assert.equal(decidesBy(createSnapshotHolder(() => 0))(), true);
  });
});

describe('decisions that are not made at once', () => {
  test('are watched until they are made, or fail', async () => {
    const first = Promise.withResolvers<Told>();
    const second = Promise.withResolvers<Told>();
    const told: (Told | Promise<Told>)[] = ['{}', first.promise, second.promise];
    const point: DecisionPoint = {
      tell: () => told.shift() ?? '{}',
      tellMany: () => assert.fail('nobody asks for many'),
      explain: () => assert.fail('nobody asks why'),
    };
    const asked = { request: { kind: 'invalid', reason: '' }, labels: null } as const;
    const peer = { uid: null, gid: null, pid: null };
    const { point: watched, longestWaitMs } = watchDecisions(point);
    assert.equal(watched.tell(asked, peer, 0), '{}');
    assert.ok(longestWaitMs() < 1);
    const one = watched.tell(asked, peer, 0);
    const other = watched.tell(asked, peer, 0);
    await eventually('time to pass', () => longestWaitMs() > 5);
    first.resolve('{}');
    await one;
    second.reject(new Error('lost'));
    await assert.rejects(Promise.resolve(other), /lost/);
    assert.ok(longestWaitMs() < 1);
  });
});
