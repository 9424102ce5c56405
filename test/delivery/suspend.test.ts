import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, machine, startDaemonProcess, toHost, verdict } from '../support/daemon-process.ts';
import { misbehavingServer } from '../support/misbehaving-server.ts';
import { openScope } from '../support/scope.ts';
import { governanceContent, governanceRig } from './governance-rig.ts';
import { stand } from './stand.ts';

const INTERVAL_MS = 6_000;
/** Of a poll that is due, on a busy machine. */
const AT_ONCE_MS = 4_000;

describe('a poll at once', { concurrency: true }, () => {
  test('is what a daemon makes that was stopped for longer than its interval', async (t) => {
    const place = machine(t);
    const content = governanceContent();
    let asked = 0;
    const server = await misbehavingServer(t, (request) => {
      asked += 1;
      return content.responder(request);
    });
    const source = { ...content.source(server.origin, place.root), interval: `${INTERVAL_MS / 1_000}s` };
    place.configure({ source, decision_log: { enabled: false } });
    const daemon = await startDaemonProcess(t, place);
    await eventually('the policy', async () => (await verdict(place, toHost('r1.example'))) === 'allow org_allow');
    daemon.kill('SIGSTOP');
    // what it had asked for before is answered by now
    await sleep(200);
    const before = asked;
    await content.publish('');
    await sleep(INTERVAL_MS * 1.2);
    assert.equal(asked, before, 'it was not stopped');
    daemon.kill('SIGCONT');
    const woken = performance.now();
    await eventually(
      'the newer policy',
      async () => (await verdict(place, toHost('r2.example'))) === 'allow org_allow',
    );
    const took = performance.now() - woken;
    assert.ok(took < AT_ONCE_MS, `it took ${took} ms`);
  });

  // A suspend stops the timers, too: what is left of it is a wall clock that has jumped.
  for (const [what, ms] of [
    ['forward, as after a suspend', 2 * 3_600_000],
    ['back', -2 * 3_600_000],
  ] as const) {
    test(`is what a clock that jumps ${what} leads to, whatever is left of an hour`, async () => {
      const scope = openScope();
      try {
        const rig = await governanceRig.publisher().open(scope, false);
        const place = stand(scope, { source: rig.source });
        await place.start();
        await place.idle();
        await rig.publish('');
        place.shift(ms);
        await eventually('the newer policy', async () => (await place.ask('r2.example'))[0] === 'allow org_allow');
      } finally {
        await scope.close();
      }
    });
  }
});
