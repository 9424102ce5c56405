import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type ServiceKind, type ServicePlaces, servicePlaces } from '../../src/service/places.ts';
import { ServiceError } from '../../src/service/service-error.ts';
import { type ServiceFile, serviceFiles } from '../../src/service/service-files.ts';
import { socketLayout } from '../../src/socket/layout.ts';
import { textOf } from '../docs/pages.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { between, exposureOf, exposureText, systemdVersion, systemUnit, unexplained } from './service-page.ts';

const ROOT = join(import.meta.dirname, '../..');
const noSystemd = systemdVersion() === null ? 'systemd-analyze is not installed' : false;
const noPython = spawnSync('python3', ['--version']).status === 0 ? false : 'python3 is not installed';

interface Wanted {
  readonly kind: ServiceKind;
  readonly platform?: NodeJS.Platform;
  readonly words?: readonly string[];
  readonly config?: string;
  readonly home?: string;
}

function placesOf({
  kind,
  platform = 'linux',
  words = ['/bin/true'],
  config,
  home = '/home/ann',
}: Wanted): ServicePlaces {
  const uid = kind === 'system' ? 0 : 1000;
  const layout = socketLayout({ platform, uid, home });
  return servicePlaces({ kind, platform, home, layout }, { words, packageDirectory: ROOT }, config ?? null);
}

function filesOf(wanted: Wanted): readonly ServiceFile[] {
  return serviceFiles(placesOf(wanted));
}

function textNamed(files: readonly ServiceFile[], name: string): string {
  return files.find(({ path }) => basename(path) === name)?.text ?? assert.fail(`no ${name}`);
}

/** What systemd says of the units of a service. */
function verify(t: TestContext, kind: ServiceKind, change: (text: string) => string = (text) => text): string {
  const folder = tempDirectory(t);
  const units = filesOf({ kind }).filter(({ path }) => !path.endsWith('.conf'));
  const paths = units.map(({ path, text }) => {
    const file = join(folder, basename(path));
    // this machine has no such user
    writeFileSync(
      file,
      change(text).replaceAll(/=reeve$/gm, (found) => found.replace('reeve', 'root')),
    );
    return file;
  });
  const mode = kind === 'user' ? ['--user'] : [];
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...mode, ...paths], {
    encoding: 'utf8',
    env: { ...process.env, XDG_RUNTIME_DIR: folder },
  });
  // the host's own units are not ours to judge
  return `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line.includes('reeve'))
    .join('\n');
}

describe('the units', () => {
  for (const kind of ['system', 'user'] as const) {
    test(`of a ${kind} service have nothing wrong that systemd sees`, { skip: noSystemd }, (t) => {
      assert.equal(verify(t, kind), '');
      assert.match(
        verify(t, kind, (unit) => unit.replace('Type=notify', 'Tipe=notify')),
        /Tipe/,
        'the verifier would see a mistake',
      );
    });
  }

  test('have every place from one list, and nothing is left to be filled in', () => {
    for (const wanted of [{ kind: 'system' }, { kind: 'user' }, { kind: 'system', platform: 'darwin' }] as const) {
      for (const { path, text } of filesOf(wanted)) assert.doesNotMatch(text, /@[a-z_]+@/, path);
    }
    const words = ['/opt/node/bin/node', '/opt/reeve/dist/cli/main.js'];
    const unit = textNamed(filesOf({ kind: 'system', words, config: '/srv/reeve.yaml' }), 'reeve.service');
    assert.match(
      unit,
      /^ExecStart=\/opt\/node\/bin\/node \/opt\/reeve\/dist\/cli\/main\.js daemon --system --config \/srv\/reeve\.yaml$/m,
    );
    assert.match(unit, /^User=reeve\nGroup=reeve$/m);
    const user = filesOf({ kind: 'user', words });
    assert.match(
      textNamed(user, 'reeve.service'),
      /main\.js daemon --config \/home\/ann\/\.config\/reeve\/reeve\.yaml$/m,
    );
    assert.match(textNamed(user, 'reeve.socket'), /^ListenStream=\/run\/user\/1000\/reeve\/decide\.sock$/m);
    assert.match(textNamed(user, 'reeve-admin.socket'), /^ListenStream=\/run\/user\/1000\/reeve\/admin\.sock$/m);
  });

  test('hold paths with spaces, quotes, specifiers and variables as they are', () => {
    const words = ['/opt/my node/bin/node', '/opt/100%/$HOME/"x"\\main.js'];
    const unit = textNamed(filesOf({ kind: 'user', words, home: '/home/ann b%' }), 'reeve.service');
    assert.match(
      unit,
      /^ExecStart="\/opt\/my node\/bin\/node" "\/opt\/100%%\/\$\$HOME\/\\"x\\"\\\\main\.js" daemon --config "\/home\/ann b%%\/\.config\/reeve\/reeve\.yaml"$/m,
    );
    assert.match(unit, /^Environment="NODE_COMPILE_CACHE=\/home\/ann b%%\/\.local\/state\/reeve\/compiled"$/m);
  });

  test('take no path that would be another directive', () => {
    for (const config of ['/etc/x\nUser=root', '/etc/x\u2028', 'relative', '/etc/x ']) {
      assert.throws(
        () => filesOf({ kind: 'system', config }),
        (error) => error instanceof ServiceError && error.code === 'unusable_path',
      );
    }
  });

  test('name their sockets as the daemon asks, everybody’s and the owner’s', () => {
    const files = filesOf({ kind: 'system' });
    assert.match(
      textNamed(files, 'reeve.socket'),
      /^FileDescriptorName=decide\nSocketUser=reeve\nSocketGroup=reeve\nSocketMode=0666$/m,
    );
    assert.match(
      textNamed(files, 'reeve-admin.socket'),
      /^FileDescriptorName=admin\nSocketUser=reeve\nSocketGroup=reeve\nSocketMode=0600$/m,
    );
  });

  test('keep compiled code only where systemd makes a private directory: the daemon runs what lies there', () => {
    const unit = textNamed(filesOf({ kind: 'system' }), 'reeve.service');
    assert.match(unit, /^Environment=NODE_COMPILE_CACHE=\/var\/lib\/reeve\/compiled$/m);
    assert.match(unit, /^StateDirectory=reeve\nStateDirectoryMode=0700$/m);
    assert.match(unit, /^UMask=0077$/m);
  });

  test('leave the daemon the files that everybody sees', () => {
    const unit = textNamed(filesOf({ kind: 'system' }), 'reeve.service');
    for (const line of ['PrivateTmp=no', 'ProtectHome=read-only', 'PrivateUsers=no', 'ProtectProc=default']) {
      assert.ok(unit.includes(`\n${line}\n`), line);
    }
    assert.match(unit, /^CapabilityBoundingSet=CAP_DAC_READ_SEARCH\nAmbientCapabilities=CAP_DAC_READ_SEARCH$/m);
    assert.match(unit, /^RuntimeDirectoryPreserve=yes$/m);
    // each of these would mount another /proc, /dev or /tmp over the machine's
    assert.doesNotMatch(
      unit,
      /^(?:ProtectKernelTunables|ProtectControlGroups|DynamicUser|PrivateDevices|MountAPIVFS)=(?:yes|true)/m,
    );
  });
});

describe('the exposure of the system service', { skip: noSystemd }, () => {
  test('is at most 2.5, each directive that is left out has its reason, and the page says so', () => {
    const exposure = exposureOf(systemUnit());
    assert.ok(exposure.overall > 0 && exposure.overall <= 2.5, `${exposure.overall}`);
    const page = textOf('docs/service.md');
    if (!page.includes(`of systemd ${systemdVersion() ?? ''} gives`)) return;
    assert.deepEqual(unexplained(exposure), []);
    assert.equal(between(page, 'exposure'), exposureText(exposure), 'run scripts/generate-service-page.ts --exposure');
  });

  test('rises with each of them that is taken away', () => {
    const unit = systemUnit();
    for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'SystemCallFilter=@system-service']) {
      const weaker = exposureOf(unit.replace(`${line}\n`, ''));
      assert.ok(weaker.overall > 2.5, `${line}: ${weaker.overall}`);
    }
  });
});

/** What a strict reader makes of a property list; throws where it is none. */
function readPlist(text: string): unknown {
  const script = 'import json, plistlib, sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))';
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], { input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('the property lists of launchd', { skip: noPython }, () => {
  test('say what is started, for the machine and for a user', () => {
    const words = ['/usr/local/bin/node', '/opt/a & b/<x>/main.js'];
    for (const kind of ['system', 'user'] as const) {
      const [file, ...others] = filesOf({ kind, platform: 'darwin', words, home: '/Users/ann' });
      assert.deepEqual(others, []);
      const config = kind === 'system' ? '/etc/reeve/reeve.yaml' : '/Users/ann/.config/reeve/reeve.yaml';
      assert.deepEqual(readPlist(file?.text ?? ''), {
        Label: 'dev.reeve.daemon',
        ProgramArguments: [...words, 'daemon', '--config', config, '--stay-down'],
        RunAtLoad: true,
        KeepAlive: { SuccessfulExit: false },
        ThrottleInterval: 10,
        ExitTimeOut: 20,
        ProcessType: 'Interactive',
        Umask: 0o077,
        HardResourceLimits: { Core: 0, NumberOfFiles: 8192 },
        SoftResourceLimits: { NumberOfFiles: 8192 },
        StandardErrorPath: kind === 'system' ? '/var/log/reeve.log' : '/Users/ann/Library/Logs/reeve.log',
      });
      assert.equal(
        file?.path,
        kind === 'system'
          ? '/Library/LaunchDaemons/dev.reeve.daemon.plist'
          : '/Users/ann/Library/LaunchAgents/dev.reeve.daemon.plist',
      );
      assert.throws(() => readPlist(file.text.replace('</dict>', '')), 'the reader would see a mistake');
    }
  });
});
