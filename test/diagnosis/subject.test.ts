import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../src/daemon/config/load-config.ts';
import { gather } from '../../src/diagnosis/bugreport/gather.ts';
import { type DoctorOptions, subjectOf } from '../../src/diagnosis/subject.ts';
import { servicePlaces } from '../../src/service/places.ts';
import { installation } from '../daemon/config.ts';
import { tempDirectory } from '../support/temp-tree.ts';

/** A machine whose system directories lie in one of this test. */
function optionsFor(t: TestContext, more: Partial<DoctorOptions> = {}): DoctorOptions & { readonly root: string } {
  const root = tempDirectory(t);
  const layout = {
    ...installation().layout,
    systemDirectory: join(root, 'run'),
    systemConfigDirectory: join(root, 'etc'),
  };
  for (const name of ['run', 'state', 'local.d']) mkdirSync(join(root, name), { mode: 0o755 });
  const configFile = join(root, 'reeve.yaml');
  const sockets = { decide: join(root, 'run/decide.sock') };
  const places = { sockets, state_directory: join(root, 'state'), local_directory: join(root, 'local.d') };
  writeFileSync(configFile, JSON.stringify(places), { mode: 0o600 });
  return {
    ...{ root, configFile, offline: true, version: '0', now: Date.now, beforeEnd: () => () => undefined },
    installation: installation({ layout, service: 'system' }),
    sockets: { decide: undefined, admin: undefined },
    places: { root, homes: [] },
    service: { places: null, run: () => Promise.resolve({ code: 1, stdout: '', stderr: '' }) },
    ...more,
  };
}

test('a socket where clients look is held to what they hold it to; one that is named is not', (t) => {
  const options = optionsFor(t);
  chmodSync(options.root, 0o755);
  const config = { ...loadedFrom(options), decideSocket: join(options.root, 'run/decide.sock') };
  assert.equal(subjectOf(options, config, '').decide.kind, 'socket');
  chmodSync(join(options.root, 'run'), 0o777);
  const refused = subjectOf(options, config, '').decide;
  assert.match(refused.kind === 'refused' ? refused.message : '', /run` is writable for group or others/);
  const named = { ...options, sockets: { decide: config.decideSocket, admin: undefined } };
  assert.equal(subjectOf(named, config, '').decide.kind, 'socket');
  const elsewhere = { ...config, decideSocket: join(options.root, 'own/decide.sock') };
  assert.equal(subjectOf(options, elsewhere, '').decide.kind, 'socket');
});

function loadedFrom({ configFile, installation: at }: DoctorOptions) {
  return loadConfig(configFile ?? '', {
    ...at,
    service: process.geteuid?.() === 0 ? 'system' : 'user',
    home: '/srv/home',
  });
}

test('where the log goes to the journal, the report has the end of that, redacted', async (t) => {
  const asked: (readonly string[])[] = [];
  const options = optionsFor(t);
  const owner = { kind: 'system', platform: 'linux', home: null, layout: options.installation.layout } as const;
  const program = { words: ['/usr/bin/reeve'], packageDirectory: join(import.meta.dirname, '../..') };
  const uid = process.geteuid?.() ?? 0;
  const doctor: DoctorOptions = {
    ...options,
    installation: { ...options.installation, uid, service: uid === 0 ? 'system' : 'user' },
    sockets: { decide: join(options.root, 'd.sock'), admin: undefined },
    service: {
      places: servicePlaces(owner, program, options.configFile),
      run: (argv) => {
        asked.push(argv);
        return Promise.resolve({ code: 0, stdout: 'sent Authorization: Bearer abcdefgh', stderr: '' });
      },
    },
  };
  const { sections } = await gather({ doctor, withNames: true, decisions: 0, invoker: null });
  const log = sections.find(({ name }) => name === 'log');
  assert.deepEqual(
    [log?.what, log?.text],
    ['the end of the daemon’s journal', 'sent Authorization: Bearer <redacted>'],
  );
  assert.ok(asked.some(([program]) => program === 'journalctl'));
});
