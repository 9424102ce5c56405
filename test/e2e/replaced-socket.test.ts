import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runCli } from '../cli/run-cli.ts';
import { eventually, machine, startDaemonProcess } from '../support/daemon-process.ts';

test('a file in the place of the decide socket hides neither the daemon nor what is wrong', async (t) => {
  const place = machine(t);
  const daemon = await startDaemonProcess(t, place);
  rmSync(place.decide);
  writeFileSync(place.decide, '');

  const status = await runCli(['status', '--socket', place.decide]);
  assert.equal(status.code, 4, 'callers do not reach it');
  assert.match(status.stdout, /generation 1$/m);
  assert.match(status.stderr, /^reeve: this is from the admin socket: callers do not reach the daemon, cannot ask/);

  const doctor = await runCli(['doctor', '--config', place.config, '--offline', '--json']);
  const { checks } = JSON.parse(doctor.stdout) as { checks: { findings: { code: string }[] }[] };
  const codes = checks.flatMap(({ findings }) => findings.map(({ code }) => code));
  assert.equal(doctor.code, 1);
  assert.deepEqual(
    ['socket_replaced', 'socket_lost', 'daemon_not_running'].map((code) => codes.includes(code)),
    [true, true, false],
    codes.join(', '),
  );

  rmSync(place.decide);
  await eventually(
    'the daemon to take its place again',
    async () => (await runCli(['status', '--socket', place.decide])).code === 0,
  );

  await daemon.stop();
  writeFileSync(place.decide, '');
  const stopped = await runCli(['status', '--socket', place.decide]);
  assert.deepEqual([stopped.code, stopped.stdout], [4, ''], 'a file alone is no daemon');
});
