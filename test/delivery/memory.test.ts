import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { call, eventually, machine, startDaemonProcess, toHost, verdict } from '../support/daemon-process.ts';
import { misbehavingServer } from '../support/misbehaving-server.ts';
import { governanceContent } from './governance-rig.ts';
import { HTTP_EVILS } from './http-attacks.ts';

const MEBIBYTE = 1_048_576;
/** An answer of the largest size that is read, as bytes and as text several times: the collector is not in a hurry. */
const BOUND_BYTES = 128 * MEBIBYTE;

/** The most that a process ever had in memory. */
function peakOf(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1_024;
}

test('answers without an end and gzip bombs cost a daemon no memory to speak of, however often they come', {
  skip: existsSync('/proc/self/status') ? false : 'the memory of a process can be read on Linux only',
}, async (t) => {
  const place = machine(t);
  const content = governanceContent();
  const server = await misbehavingServer(t, content.responder);
  place.configure({ source: content.source(server.origin, place.root), decision_log: { enabled: false } });
  const daemon = await startDaemonProcess(t, place);
  await eventually('the policy', async () => (await verdict(place, toHost('a.example'))) === 'allow org_allow');
  const refused = async (): Promise<void> => {
    await content.publish('policy');
    const { status, text } = await call(place.admin, 'POST /v1/sync');
    assert.equal(status, 502, text);
  };
  server.misbehave(HTTP_EVILS['not-found'].does);
  for (let round = 0; round < 5; round += 1) await refused();
  const before = peakOf(daemon.pid);
  for (const evil of [HTTP_EVILS['endless-body'].does, HTTP_EVILS['endless-head'].does, HTTP_EVILS['gzip-bomb'].does]) {
    for (const where of ['list', 'policy']) {
      server.misbehave(evil, (asked) => content.placeOf(asked) === where);
      for (let round = 0; round < 5; round += 1) await refused();
    }
  }
  const grown = peakOf(daemon.pid) - before;
  assert.ok(grown < BOUND_BYTES, `${Math.round(grown / MEBIBYTE)} MiB more than before`);
  t.diagnostic(`${Math.round(grown / MEBIBYTE)} MiB more than before`);
  assert.equal(await verdict(place, toHost('a.example')), 'allow org_allow');
});
