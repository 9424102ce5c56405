import assert from 'node:assert/strict';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { planFiles, writeFiles } from '../../src/service/file-plan.ts';
import { ownProgram, refuseUnsafeProgram } from '../../src/service/installed-program.ts';
import { PACKAGE_HOME, type ServicePlaces, servicePlaces } from '../../src/service/places.ts';
import type { Ran, RunCommand } from '../../src/service/run-command.ts';
import { runCommand } from '../../src/service/run-command.ts';
import {
  install,
  planInstall,
  planUninstall,
  removeState,
  serviceState,
  uninstall,
} from '../../src/service/service.ts';
import { ServiceError, type ServiceErrorCode } from '../../src/service/service-error.ts';
import { UNITS } from '../../src/service/service-files.ts';
import { socketLayout } from '../../src/socket/layout.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const ROOT = join(import.meta.dirname, '../..');

function refused(code: ServiceErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ServiceError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

/** A user's service on a machine of its own; nothing outside of the directory is touched. */
function userService(t: TestContext): ServicePlaces & { readonly home: string } {
  const home = tempDirectory(t);
  const layout = {
    ...socketLayout({ platform: 'linux', uid: 1000, home }),
    userRuntimeDirectory: join(home, 'runtime'),
  };
  const program = { words: ['/bin/true'], packageDirectory: ROOT };
  return { ...servicePlaces({ kind: 'user', platform: 'linux', home, layout }, program, null), home };
}

interface FakeSystemd {
  readonly run: RunCommand;
  /** Everything that was run, but for looks. */
  readonly ran: string[];
  /** What it says of each unit. */
  state: string;
}

const UNKNOWN = 'inactive';

/** The program `systemctl`, as far as a plan asks it; a real one is booted elsewhere. */
function fakeSystemd(answer: (line: string) => Ran = () => ({ code: 0, stdout: '', stderr: '' })): FakeSystemd {
  const fake: FakeSystemd = {
    state: UNKNOWN,
    ran: [],
    run: (argv) => {
      const line = argv.join(' ');
      if (!line.includes(' show ')) {
        fake.ran.push(line);
        return Promise.resolve(answer(line));
      }
      const enabled = fake.state === UNKNOWN ? '' : 'enabled';
      const blocks = UNITS.map(
        (unit) => `Id=${unit}\nUnitFileState=${enabled}\nActiveState=${fake.state}\nSubState=x\nMainPID=0\n`,
      );
      return Promise.resolve({ code: 0, stdout: blocks.join('\n'), stderr: '' });
    },
  };
  return fake;
}

describe('installing', () => {
  test('writes the units and starts them; a second time there is nothing to do', async (t) => {
    const places = userService(t);
    const systemd = fakeSystemd();
    await install(await planInstall(places, systemd.run), systemd.run);
    const units = UNITS.join(' ');
    assert.deepEqual(systemd.ran, [
      'systemctl --user daemon-reload',
      `systemctl --user enable ${units}`,
      `systemctl --user start ${units}`,
    ]);
    for (const unit of UNITS) assert.equal(lstatSync(join(places.unitDirectory, unit)).mode & 0o777, 0o644);
    systemd.state = 'active';
    const again = await planInstall(places, systemd.run);
    assert.deepEqual([again.files.map(({ action }) => action), again.commands], [['keep', 'keep', 'keep'], []]);
  });

  test('puts in what has changed, and makes sockets anew only where they have', async (t) => {
    const places = userService(t);
    const systemd = fakeSystemd();
    await install(await planInstall(places, systemd.run), systemd.run);
    systemd.state = 'active';
    const linesAfter = async (unit: string): Promise<readonly string[]> => {
      writeFileSync(join(places.unitDirectory, unit), 'of an older version');
      return (await planInstall(places, systemd.run)).commands.map(({ argv }) => argv.slice(2).join(' '));
    };
    assert.deepEqual(await linesAfter('reeve.service'), ['daemon-reload', 'restart reeve.service']);
    const units = UNITS.join(' ');
    assert.deepEqual(await linesAfter('reeve.socket'), ['daemon-reload', `stop ${units}`, `start ${units}`]);
  });

  test('starts again what has failed too often', async (t) => {
    const places = userService(t);
    const systemd = fakeSystemd();
    await install(await planInstall(places, systemd.run), systemd.run);
    systemd.state = 'failed';
    const { commands } = await planInstall(places, systemd.run);
    assert.deepEqual(
      commands.map(({ argv }) => argv[2]),
      ['reset-failed', 'start'],
    );
  });

  test('leaves a unit alone that somebody has masked', async (t) => {
    const places = userService(t);
    mkdirSync(places.unitDirectory, { recursive: true });
    symlinkSync('/dev/null', join(places.unitDirectory, 'reeve.service'));
    await assert.rejects(
      planInstall(places, fakeSystemd().run),
      refused('file_in_the_way', /is no regular file.*unmask/),
    );
  });

  test('enables it for the next boot where no systemd runs', async (t) => {
    const places = userService(t);
    const ran: string[] = [];
    const run: RunCommand = (argv) => {
      ran.push(argv.join(' '));
      return Promise.resolve({ code: argv.includes('show') ? 1 : 0, stdout: '', stderr: '' });
    };
    const plan = await planInstall(places, run);
    ran.length = 0;
    await install(plan, run);
    assert.deepEqual([plan.startsNow, ran], [false, [`systemctl --user enable ${UNITS.join(' ')}`]]);
  });

  test('stops at the first command that fails, and says which and why', async (t) => {
    const places = userService(t);
    const systemd = fakeSystemd((line) =>
      line.includes('enable') ? { code: 1, stdout: '', stderr: 'no bus\nmore' } : { code: 0, stdout: '', stderr: '' },
    );
    const plan = await planInstall(places, systemd.run);
    await assert.rejects(
      install(plan, systemd.run),
      refused('command_failed', /^`systemctl --user enable .*` failed: no bus; run it yourself/),
    );
    assert.ok(!systemd.ran.some((line) => line.includes('start')));
  });

  test('leaves nothing half written', (t) => {
    const places = userService(t);
    const file = { path: join(places.home, 'x.service'), text: 'x', action: 'create' as const };
    writeFiles([file]);
    assert.equal(readFileSync(file.path, 'utf8'), 'x');
    assert.deepEqual(planFiles([file]), [{ ...file, action: 'keep' }]);
    mkdirSync(join(places.home, 'directory.service'));
    assert.throws(
      () => planFiles([{ path: join(places.home, 'directory.service'), text: '' }]),
      refused('file_in_the_way', /./),
    );
    writeFileSync(join(places.home, 'plain'), '');
    assert.throws(
      () => writeFiles([{ ...file, path: join(places.home, 'plain/x.service') }]),
      refused('write_failed', /cannot write/),
    );
  });
});

describe('uninstalling', () => {
  test('removes what was installed and nothing else, the state only where that is said', async (t) => {
    const places = userService(t);
    const systemd = fakeSystemd();
    await install(await planInstall(places, systemd.run), systemd.run);
    const others = join(places.unitDirectory, 'reeve.service.d');
    mkdirSync(others);
    mkdirSync(join(places.home, 'runtime/reeve'), { recursive: true });
    mkdirSync(places.state, { recursive: true });
    writeFileSync(join(places.state, 'policy.db'), '');
    systemd.state = 'active';
    systemd.ran.length = 0;
    const plan = await planUninstall(places, systemd.run);
    await uninstall(plan, systemd.run);
    const units = UNITS.join(' ');
    assert.deepEqual(systemd.ran, [
      `systemctl --user disable --now ${units}`,
      'systemctl --user daemon-reload',
      `systemctl --user reset-failed ${units}`,
    ]);
    for (const unit of UNITS) assert.ok(!existsSync(join(places.unitDirectory, unit)));
    assert.ok(!existsSync(join(places.home, 'runtime/reeve')));
    assert.ok(existsSync(others) && existsSync(join(places.state, 'policy.db')));
    await removeState(plan, systemd.run);
    assert.ok(!existsSync(places.state));
    const { remove, state, before } = await planUninstall(places, systemd.run);
    assert.deepEqual([remove, state, before], [[], [], []]);
  });

  test('does not take files away from a package of the distribution', async () => {
    const layout = socketLayout({ platform: 'linux', uid: 0, home: null });
    const program = { words: [`${PACKAGE_HOME}/bin/node`], packageDirectory: PACKAGE_HOME };
    const places = servicePlaces({ kind: 'system', platform: 'linux', home: null, layout }, program, null);
    assert.deepEqual([places.packaged, places.unitDirectory], [true, '/usr/lib/systemd/system']);
    const { remove, before } = await planUninstall(places, fakeSystemd().run);
    assert.deepEqual(
      remove.filter((path) => path.startsWith('/usr')),
      [],
    );
    assert.equal(before.length, 1);
    // with another configuration the package's units are of no use
    assert.equal(
      servicePlaces({ kind: 'system', platform: 'linux', home: null, layout }, program, '/srv/r.yaml').packaged,
      false,
    );
  });
});

const OWN_ACCOUNT = 'reeve:x:998:998:policy decision point:/:/usr/sbin/nologin\n';
const PEOPLES_ACCOUNTS = [
  [OWN_ACCOUNT.replace('998', '1000'), /has the uid 1000, so it is not the service user/],
  [OWN_ACCOUNT.replace('998', '0'), /has the uid 0/],
  [
    OWN_ACCOUNT.replace('/usr/sbin/nologin', '/bin/bash'),
    /has the login shell `\/bin\/bash`.*rename or remove it first/,
  ],
  [OWN_ACCOUNT.replace('/usr/sbin/nologin', ''), /has the login shell `\/bin\/sh`/],
  ['', /cannot be looked up/],
] as const;

/** The system service of a machine whose user database says this of `reeve`; null = nothing. All its files are in a directory of their own. */
function systemService(t: TestContext, account: string | null, packaged = false): readonly [ServicePlaces, RunCommand] {
  const layout = socketLayout({ platform: 'linux', uid: 0, home: null });
  const program = { words: ['/bin/true'], packageDirectory: ROOT };
  const root = tempDirectory(t);
  const places = servicePlaces({ kind: 'system', platform: 'linux', home: null, layout }, program, null);
  const systemd = fakeSystemd();
  const run: RunCommand = (argv) =>
    argv[0] === 'getent'
      ? Promise.resolve({ code: account === null ? 2 : 0, stdout: account ?? '', stderr: '' })
      : systemd.run(argv);
  return [{ ...places, unitDirectory: root, sysusersFile: join(root, 'reeve.conf'), state: root, packaged }, run];
}

function programsOf(commands: readonly { readonly argv: readonly string[] }[]): readonly (string | undefined)[] {
  return commands.map(({ argv }) => argv[0]).filter((program) => program !== 'systemctl');
}

describe('the user of the system service', () => {
  test('is made whenever there is none, also where a package of the distribution brought the files', async (t) => {
    for (const packaged of [false, true]) {
      const [places, run] = systemService(t, null, packaged);
      const { files, commands } = await planInstall(places, run);
      assert.deepEqual(programsOf(commands), ['systemd-sysusers']);
      writeFiles(files);
      assert.deepEqual(programsOf((await planInstall(places, run)).commands), ['systemd-sysusers'], 'it is gone again');
      assert.deepEqual(programsOf((await planInstall(...systemService(t, OWN_ACCOUNT, packaged))).commands), []);
    }
  });

  test('is nobody else’s account: that is refused, and never deleted', async (t) => {
    for (const [account, message] of PEOPLES_ACCOUNTS) {
      const service = systemService(t, account);
      await assert.rejects(planInstall(...service), refused('foreign_account', message));
      assert.deepEqual((await planUninstall(...service)).forget, []);
    }
  });

  test('goes with the state, but for a package’s own', async (t) => {
    assert.deepEqual(programsOf((await planUninstall(...systemService(t, OWN_ACCOUNT))).forget), ['userdel']);
    assert.deepEqual((await planUninstall(...systemService(t, OWN_ACCOUNT, true))).forget, []);
    assert.deepEqual((await planUninstall(...systemService(t, null))).forget, []);
  });
});

describe('launchd', () => {
  test('is given the list, and told to let go of an older one', async (t) => {
    const home = tempDirectory(t);
    const layout = socketLayout({ platform: 'darwin', uid: 501, home });
    const program = { words: ['/bin/true'], packageDirectory: ROOT };
    const places = servicePlaces({ kind: 'user', platform: 'darwin', home, layout }, program, null);
    let loaded = false;
    const ran: string[] = [];
    const run: RunCommand = (argv) => {
      const [, verb = ''] = argv;
      if (verb !== 'print') ran.push(verb);
      if (verb === 'bootstrap') loaded = true;
      return Promise.resolve({ code: verb === 'print' && !loaded ? 113 : 0, stdout: '', stderr: '' });
    };
    await install(await planInstall(places, run), run);
    assert.deepEqual([ran, (await serviceState(places, run)).running], [['bootstrap'], true]);
    const again = (await planInstall(places, run)).commands.map(({ argv }) => argv[1]);
    assert.deepEqual(again, ['kickstart'], 'it starts what stayed down');
    writeFileSync(join(places.unitDirectory, 'dev.reeve.daemon.plist'), 'older');
    await install(await planInstall(places, run), run);
    assert.deepEqual(ran, ['bootstrap', 'bootout', 'bootstrap']);
    await uninstall(await planUninstall(places, run), run);
    assert.ok(!existsSync(join(places.unitDirectory, 'dev.reeve.daemon.plist')));
  });

  test('and systemd are all there is', () => {
    const layout = socketLayout({ platform: 'win32', uid: 0, home: null });
    const program = { words: ['/bin/true'], packageDirectory: ROOT };
    assert.throws(
      () => servicePlaces({ kind: 'system', platform: 'win32', home: null, layout }, program, null),
      refused('unsupported_platform', /start `reeve daemon` yourself/),
    );
    assert.throws(
      () => servicePlaces({ kind: 'user', platform: 'linux', home: null, layout }, program, null),
      refused('no_home', /no home/),
    );
  });
});

describe('the program of a service', () => {
  test('is this one, and nobody else may be able to change it', (t) => {
    const { words, packageDirectory } = ownProgram();
    assert.equal(words[1], join(ROOT, 'src/cli/main.ts'));
    assert.equal(packageDirectory, ROOT);
    const place = tempDirectory(t);
    const program = join(place, 'main.js');
    writeFileSync(program, '');
    const owners = [0, process.geteuid?.() ?? 0];
    refuseUnsafeProgram({ words: [program], packageDirectory: place }, owners);
    chmodSync(program, 0o666);
    const check = (): void => refuseUnsafeProgram({ words: [program], packageDirectory: place }, owners);
    assert.throws(
      check,
      refused('unsafe_program', /main\.js` can be written by its group or by others.*must not start/),
    );
    chmodSync(program, 0o644);
    chmodSync(place, 0o777);
    assert.throws(check, refused('unsafe_program', /can be written/));
    chmodSync(place, 0o755);
    assert.throws(
      () => refuseUnsafeProgram({ words: [join(place, 'absent')], packageDirectory: place }, owners),
      refused('unsafe_program', /cannot look at .*ENOENT/),
    );
  });
});

test('a command that cannot be started, fails, or is none of ours ends with what it said', async () => {
  assert.deepEqual(await runCommand(['sh', '-c', 'echo out; echo err >&2; exit 7']), {
    code: 7,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  assert.deepEqual(await runCommand(['true']), { code: 0, stdout: '', stderr: '' });
  const missing = await runCommand(['/nowhere/at-all']);
  assert.equal(missing.code, null);
  assert.match(missing.stderr, /ENOENT/);
});
