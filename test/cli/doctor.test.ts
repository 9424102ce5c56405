import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DoctorReport } from '../../src/diagnosis/examine.ts';
import { machine, startDaemonProcess } from '../support/daemon-process.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

/** What it says of everything but the settings of agents, which are those of whoever runs this test. */
function statesOf(stdout: string): Readonly<Record<string, string>> {
  const { checks } = JSON.parse(stdout) as DoctorReport;
  return Object.fromEntries(
    checks.filter(({ check }) => check !== 'clients').map(({ check, state }) => [check, state]),
  );
}

test('a machine without an organisation is well: the daemon decides, and its log has it', async (t) => {
  const own = machine(t);
  own.configure({ log: { level: 'info', destination: own.log } });
  own.writeLocal('mine.yaml', [{ decision: 'allow', resources: ['local.example:443'] }]);
  const daemon = await startDaemonProcess(t, own);
  const { stdout, stderr } = await runCli(['doctor', '--json', '--config', own.config]);
  assert.equal(stderr, '');
  assert.deepEqual(statesOf(stdout), {
    ...{ configuration: 'ok', state: 'ok', sockets: 'ok', service: 'ok', daemon: 'ok', decisions: 'ok', policy: 'ok' },
    ...{ 'local files': 'ok', source: 'ok', log: 'ok', clock: 'ok' },
  });
  assert.equal((await daemon.stop()).code, 0);
});

test('without a daemon it says what would be, a fault makes the exit code 1, and each says how to mend it', async (t) => {
  const root = temporaryDirectory(t);
  const [state, config] = [join(root, 'state'), join(root, 'reeve.yaml')];
  mkdirSync(state, { mode: 0o700 });
  const sockets = { decide: join(root, 'decide.sock') };
  writeFileSync(config, JSON.stringify({ sockets, state_directory: state, local_directory: join(root, 'local.d') }), {
    mode: 0o600,
  });
  const { code, stdout } = await runCli(['doctor', '--config', config]);
  assert.equal(code, 1);
  assert.match(stdout, /^ok +configuration +.*reeve\.yaml: no source, preset locked-down$/m);
  assert.match(
    stdout,
    /^FAULT +daemon\n +cannot ask `.*decide\.sock` \(ENOENT\) \(daemon_not_running\)\n +mend: start it/m,
  );
  assert.match(stdout, /^skipped +decisions +no daemon answers at the decide socket$/m);
  assert.match(stdout, /\n\n1 fault, \d+ warnings?, 2 checks skipped\n$/);
});

test('a configuration that cannot be used is said before anything else', async (t) => {
  const config = join(temporaryDirectory(t), 'reeve.yaml');
  writeFileSync(config, 'presset: open\n', { mode: 0o600 });
  const { code, stdout } = await runCli(['doctor', '--json', '--config', config]);
  assert.equal(code, 1);
  const [first] = (JSON.parse(stdout) as DoctorReport).checks;
  assert.deepEqual(
    [first?.check, first?.state, first?.findings[0]?.code],
    ['configuration', 'fault', 'config_invalid'],
  );
  assert.match(first?.findings[0]?.message ?? '', /`presset`: unknown member/);
  assert.equal(statesOf(stdout)['state'], 'skipped');
});
