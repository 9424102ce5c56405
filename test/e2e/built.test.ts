import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { call, eventually, machine, startDaemonProcess, toHost, verdict } from '../support/daemon-process.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const ROOT = join(import.meta.dirname, '../..');

interface BuiltClient {
  createClient(options: { socket: string }): { decide(question: unknown): Promise<{ readonly code: string }> };
}

test('what `npm run build` makes is a daemon with all its threads, its presets, and a client', async (t) => {
  const place = tempDirectory(t);
  copyFileSync(join(ROOT, 'package.json'), join(place, 'package.json'));
  for (const name of ['config', 'node_modules']) symlinkSync(join(ROOT, name), join(place, name));
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts'), join(place, 'dist')], {
    encoding: 'utf8',
  });
  assert.equal(built.status, 0, built.stderr);

  const own = machine(t);
  own.configure({ preset: 'balanced' });
  own.writeLocal('mine.yaml', [{ decision: 'allow', resources: ['local.example:443'] }]);
  const daemon = await startDaemonProcess(t, own, { program: join(place, 'dist/cli/main.js') });
  assert.equal(await verdict(own, toHost('local.example')), 'allow local_allow');
  assert.equal(await verdict(own, toHost('github.com')), 'allow preset_allow');
  assert.equal(await verdict(own, { action: 'read', path: join(own.state, 'policy.db') }), 'deny default_deny');
  const log = await call(own.admin, 'GET /v1/log');
  assert.match(log.text, /local_allow.*preset_allow.*default_deny|default_deny.*preset_allow.*local_allow/s);

  const client = (await import(pathToFileURL(join(place, 'dist/client/index.js')).href)) as BuiltClient;
  const answer = await client.createClient({ socket: own.decide }).decide(toHost('local.example'));
  assert.equal(answer.code, 'local_allow');
  own.configure({ preset: 'open' });
  daemon.kill('SIGHUP');
  await eventually('the reload', async () => (await verdict(own, toHost('other.example'))) === 'allow preset_allow');
  assert.equal((await daemon.stop()).code, 0);
});
