import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig, ownInstallation } from '../../src/daemon/config/load-config.ts';
import { confidentialOf } from '../../src/diagnosis/bugreport/confidential.ts';
import type { DoctorReport } from '../../src/diagnosis/examine.ts';
import { runCli } from '../cli/run-cli.ts';
import { governanceContent } from '../delivery/governance-rig.ts';
import { eventually, type Machine, machine, startDaemonProcess, toHost, verdict } from '../support/daemon-process.ts';
import { misbehavingServer } from '../support/misbehaving-server.ts';

const PROGRAM = join(import.meta.dirname, '../../src/cli/main.ts');
/** No user of this machine. */
const SOMEBODY = 54_321;
const ROOT_ONLY = { skip: process.geteuid?.() === 0 ? false : 'only root can be somebody else' };

async function enrolled(t: TestContext): Promise<Machine & { readonly credential: string }> {
  const content = governanceContent();
  const { origin } = await misbehavingServer(t, content.responder);
  const own = machine(t);
  own.configure({ source: content.source(origin, own.root), log: { level: 'info', destination: own.log } });
  // as a system service has it: anybody may read the configuration and reach the decide socket
  chmodSync(own.root, 0o755);
  chmodSync(own.config, 0o644);
  await startDaemonProcess(t, own);
  await eventually('the first policy', async () => (await verdict(own, toHost('a.example'))) === 'allow org_allow');
  return { ...own, credential: join(own.root, 'credential.json') };
}

function statesOf({ checks }: DoctorReport): Readonly<Record<string, string>> {
  return Object.fromEntries(checks.map(({ check, state }) => [check, state]));
}

test(
  'somebody without rights sees what can be seen, hears what was left out, and of no fault',
  ROOT_ONLY,
  async (t) => {
    const own = await enrolled(t);
    const argv = [PROGRAM, 'doctor', '--json', '--config', own.config];
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
      ...{ uid: SOMEBODY, gid: SOMEBODY, encoding: 'utf8', cwd: '/', timeout: 60_000 },
      // who measures coverage writes where this one may not
      env: { ...process.env, NODE_V8_COVERAGE: '' },
    });
    const report = JSON.parse(stdout) as DoctorReport;
    assert.deepEqual([status, report.healthy, report.complete, stderr], [0, true, false, '']);
    // who has no home has no service either
    const { service, ...states } = statesOf(report);
    assert.ok(service === 'ok' || service === 'skipped', service);
    assert.deepEqual(states, {
      ...{
        configuration: 'ok',
        sockets: 'ok',
        daemon: 'ok',
        decisions: 'ok',
        'local files': 'ok',
        clients: 'ok',
      },
      ...{ state: 'skipped', source: 'skipped', log: 'skipped', clock: 'skipped' },
      // a governance server has no protection against rollback, and says so
      policy: 'warning',
    });
  },
);

test('root takes the credential of a service’s own user as that user does, and nobody else’s', ROOT_ONLY, async (t) => {
  const own = await enrolled(t);
  const source = async (): Promise<readonly (string | null)[]> => {
    const { stdout } = await runCli(['doctor', '--json', '--config', own.config]);
    const { checks } = JSON.parse(stdout) as DoctorReport;
    return checks.flatMap(({ check, findings }) => (check === 'source' ? findings.map(({ cause }) => cause) : []));
  };
  chownSync(own.credential, SOMEBODY, SOMEBODY);
  assert.deepEqual(await source(), ['credential_unreadable'], 'the state is root’s');
  chownSync(own.state, SOMEBODY, SOMEBODY);
  assert.deepEqual(await source(), []);
  const { secret } = JSON.parse(readFileSync(own.credential, 'utf8')) as { secret: string };
  const { secrets } = confidentialOf(loadConfig(own.config, ownInstallation()), null, {
    withNames: true,
    invoker: null,
  });
  assert.ok(secrets.includes(secret), 'and what root cannot know, a report would repeat');
  chmodSync(own.credential, 0o644);
  assert.deepEqual(await source(), ['credential_unreadable'], 'others may read it');
  const right = readFileSync(own.credential);
  writeFileSync(own.credential, 'no JSON');
  chmodSync(own.credential, 0o600);
  assert.deepEqual(await source(), ['credential_unreadable']);
  writeFileSync(own.credential, right);
  assert.deepEqual(await source(), []);
});
