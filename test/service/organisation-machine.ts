import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { signIn } from '../../scripts/demo-control-plane.ts';
import { eventually, run, start } from '../../scripts/demo-processes.ts';
import { freePort } from '../support/free-port.ts';
import { Container } from './container.ts';

const ROOT = join(import.meta.dirname, '../..');
const PORT = 8_470;

/** The policy server runs inside the container, until it is stopped for good. */
const POLICY_SERVER = `[Service]
ExecStart=/opt/reeve/bin/node /opt/reeve/dist/cli/main.js control-plane start --database /srv/policy/control-plane.db --port ${PORT}
`;

/** What organisations say about paths, with a deny that links lead to. */
async function writePolicies(database: string): Promise<string> {
  const port = await freePort();
  const plane = start(['control-plane', 'start', '--database', database, '--port', String(port)]);
  try {
    const base = `http://127.0.0.1:${port}/v2`;
    await eventually('the control plane', 20, async () => ((await answers(base)) ? true : null));
    const ops = await signIn(base, 'acme', 'ops', credential(database, 'admin', 'ops'));
    const egress = await ops.createPolicy('Egress');
    await ops.addRule(egress, {
      name: 'the one host',
      decision: 'allow',
      actions: ['connect:tcp'],
      resources: ['allowed.example:443'],
    });
    await ops.addRule(egress, {
      name: 'no pastes',
      decision: 'deny',
      actions: ['connect:tcp'],
      resources: ['pastes.example'],
    });
    const files = await ops.createPolicy('Files');
    await ops.addRule(files, {
      name: 'work',
      decision: 'allow',
      actions: ['read'],
      resources: ['/tmp/**', '/srv/**', '/home/**'],
    });
    await ops.addRule(files, {
      name: 'payroll',
      decision: 'deny',
      actions: ['read', 'write'],
      resources: ['/srv/payroll/**'],
    });
    return credential(database, 'machine', 'fleet');
  } finally {
    await plane.stop();
  }
}

function credential(database: string, kind: 'admin' | 'machine', identifier: string): string {
  const args = ['--database', database, '--org', 'acme', '--kind', kind, '--identifier', identifier, '--json'];
  return (JSON.parse(run(['control-plane', 'credential', 'create', ...args])) as { secret: string }).secret;
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

/** The packages that ours depends on count as installed: their files are this machine's. */
function dependencies(deb: string): string {
  const field = spawnSync('dpkg-deb', ['--field', deb, 'Depends'], { encoding: 'utf8' }).stdout;
  const names = field.split(',').map((one) => one.trim().split(' ')[0] ?? '');
  const format =
    'Package: ${Package}\\nStatus: install ok installed\\nArchitecture: ${Architecture}\\nVersion: ${Version}\\nMaintainer: ${Maintainer}\\nDescription: ${binary:Summary}\\n\\n';
  return spawnSync('dpkg-query', [`--showformat=${format}`, '--show', ...names], { encoding: 'utf8' }).stdout;
}

/** A machine of an organisation, before reeve is installed on it as a service. */
export async function machineOf(root: string): Promise<Container> {
  const container = new Container(root);
  const packages = join(root, 'results');
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build-deb.ts'), '--fast', packages], {
    encoding: 'utf8',
  });
  assert.equal(built.status, 0, built.stderr);
  const deb = built.stdout.trim();
  const unpacked = join(root, 'unpacked');
  assert.equal(spawnSync('dpkg-deb', ['--extract', deb, unpacked]).status, 0);
  renameSync(join(unpacked, 'usr/lib/reeve'), join(root, 'opt/reeve'));
  rmSync(unpacked, { recursive: true });
  container.write('/var/lib/dpkg/status', dependencies(deb));
  renameSync(deb, join(packages, 'reeve.deb'));
  container.write(
    '/opt/reeve/command/reeve',
    '#!/bin/sh\nexec /opt/reeve/bin/node /opt/reeve/dist/cli/main.js "$@"\n',
    0o755,
  );
  container.write('/srv/policy/README', 'the policy server’s own\n');
  const secret = await writePolicies(join(root, 'srv/policy/control-plane.db'));
  container.write('/etc/systemd/system/policy-server.service', POLICY_SERVER);
  container.write('/etc/reeve/credential.json', JSON.stringify({ identifier: 'fleet', secret }), 0o600);
  const source = {
    ...{ type: 'governance', base_url: `http://127.0.0.1:${PORT}/v2`, org: 'acme' },
    ...{ credential_file: '/etc/reeve/credential.json', interval: '1s' },
  };
  container.write('/etc/reeve/reeve.yaml', JSON.stringify({ source }, null, 2), 0o600);
  // a test cannot wait for half a minute
  container.write('/etc/systemd/system/reeve.service.d/quick.conf', '[Service]\nWatchdogSec=8\n');
  writeTree(container);
  return container;
}

/** A link to what is denied, in a home that only its owner may enter; `/tmp` is another one after each boot. */
function writeTree(container: Container): void {
  container.directory('/srv/payroll', 0o755);
  container.write('/srv/payroll/salaries', 'nobody’s business\n');
  container.write('/srv/public/notes', 'for everybody\n');
  container.directory('/home/ann', 0o700, 1000);
  container.link('/home/ann/shortcut', '/srv/payroll/salaries');
}
