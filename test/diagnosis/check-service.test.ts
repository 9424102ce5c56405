import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkService } from '../../src/diagnosis/check-service.ts';
import { type ServicePlaces, servicePlaces } from '../../src/service/places.ts';
import type { RunCommand } from '../../src/service/run-command.ts';
import { serviceFiles, UNITS } from '../../src/service/service-files.ts';
import { tempDirectory } from '../support/temp-tree.ts';

/** A user's service whose files lie in a directory of this test. */
function placesIn(t: TestContext): ServicePlaces {
  const root = tempDirectory(t);
  const layout = {
    ...{ uid: 1_000, systemDirectory: join(root, 'run'), systemConfigDirectory: join(root, 'etc') },
    ...{ userRuntimeDirectory: null, userStateDirectory: join(root, 'state/run') },
  };
  const program = { words: ['/usr/bin/reeve'], packageDirectory: join(import.meta.dirname, '../..') };
  const owner = { kind: 'user', platform: 'linux', home: root, layout } as const;
  return servicePlaces(owner, program, join(root, 'reeve.yaml'));
}

function install(places: ServicePlaces): void {
  for (const { path, text } of serviceFiles(places)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o644 });
  }
}

interface Unit {
  readonly active?: string;
  readonly enabled?: string;
  readonly restarts?: number;
  readonly reload?: boolean;
}

/** What `systemctl show` says of all units, one of them changed. */
function systemd(places: ServicePlaces, unit: string, { active, enabled, restarts, reload }: Unit = {}): RunCommand {
  const paths = new Map(serviceFiles(places).map(({ path }) => [path.split('/').at(-1), path]));
  const blockOf = (name: string): string => {
    const own = name === unit;
    return [
      `Id=${name}`,
      `UnitFileState=${own ? (enabled ?? 'enabled') : 'enabled'}`,
      `ActiveState=${own ? (active ?? 'active') : 'active'}`,
      'SubState=running',
      `NRestarts=${own ? (restarts ?? 0) : 0}`,
      `FragmentPath=${paths.get(name) ?? ''}`,
      `NeedDaemonReload=${own && reload === true ? 'yes' : 'no'}`,
    ].join('\n');
  };
  return () => Promise.resolve({ code: 0, stdout: UNITS.map(blockOf).join('\n\n'), stderr: '' });
}

const nobody: RunCommand = () => Promise.resolve({ code: 1, stdout: '', stderr: 'no systemd' });

async function findings(places: ServicePlaces, run: RunCommand, answers = true): Promise<readonly string[]> {
  const verdict = await checkService({ look: { places, run }, configFile: places.config, answers });
  assert.ok(verdict.kind === 'examined');
  return verdict.findings.map(({ code, message }) => `${code}: ${message}`);
}

test('a daemon that nobody starts again is named', async (t) => {
  const places = placesIn(t);
  const [first, ...others] = await findings(places, nobody);
  assert.match(first ?? '', /^service_not_installed: .* the session of this user$/);
  assert.deepEqual(others, []);
});

test('a service that is installed, enabled and up is in order', async (t) => {
  const places = placesIn(t);
  install(places);
  assert.deepEqual(await findings(places, systemd(places, '')), []);
});

test('each way in which it is not is named', async (t) => {
  const places = placesIn(t);
  install(places);
  const cases: readonly (readonly [Unit, boolean, RegExp | null])[] = [
    [{ active: 'failed' }, true, /^service_down: reeve\.service is failed \(running\)$/],
    [{ active: 'inactive' }, false, /^service_down: reeve\.service is inactive/],
    // its sockets start it when somebody asks
    [{ active: 'inactive' }, true, null],
    [{ enabled: 'disabled' }, true, /^service_disabled: reeve\.service is disabled$/],
    [{ enabled: 'static' }, true, null],
    [{ restarts: 3 }, true, /^service_restarted: reeve\.service was restarted 3 times/],
    [{ reload: true }, true, /^service_outdated: changed since systemd read it: reeve\.service$/],
  ];
  for (const [unit, answers, message] of cases) {
    const found = await findings(places, systemd(places, 'reeve.service', unit), answers);
    assert.equal(found.length, message === null ? 0 : 1, JSON.stringify({ unit, found }));
    if (message !== null) assert.match(found[0] ?? '', message);
  }
  const [file] = serviceFiles(places);
  writeFileSync(file?.path ?? '', 'mine');
  assert.match(
    (await findings(places, systemd(places, ''))).join(),
    /^service_outdated: otherwise than this version has it: /,
  );
});

test('a configuration that no service goes by is not judged by it', async (t) => {
  const places = placesIn(t);
  const verdict = await checkService({ look: { places, run: nobody }, configFile: '/elsewhere.yaml', answers: false });
  assert.deepEqual(verdict.kind === 'examined' ? verdict.findings : null, []);
  const none = await checkService({ look: { places: null, run: nobody }, configFile: null, answers: false });
  assert.equal(none.kind, 'skipped');
});
