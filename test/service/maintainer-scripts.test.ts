import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type MaintainerScripts, maintainerScripts } from '../../scripts/maintainer-scripts.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const OWN = 'reeve:x:998:998:policy decision point:/:/usr/sbin/nologin';
const PERSON = 'reeve:x:1000:1000:Ann Reeve:/home/reeve:/bin/bash';

interface Machine {
  readonly root: string;
  /** What the last script ran. */
  readonly ran: () => readonly string[];
  readonly run: (script: keyof MaintainerScripts, ...args: readonly string[]) => Outcome;
  /** The entry of `reeve` in the user database. */
  readonly account: (entry: string) => void;
}

interface Outcome {
  readonly code: number | null;
  readonly said: string;
}

/** A machine as far as the scripts look at it, with programs that write down that they were run; `masked` = `enable` and `start` fail. */
function machine(t: TestContext, masked = false): Machine {
  const root = tempDirectory(t);
  for (const name of ['bin', 'run/systemd/system', 'etc/reeve', 'var/lib/reeve']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  writeFileSync(join(root, 'etc/reeve/reeve.yaml'), '');
  const log = join(root, 'ran');
  const program = (name: string, text: string): void =>
    writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  const noted = (name: string): string => `echo "${name} $*" >>${log}`;
  const failing = masked ? '\ncase "$1" in enable | start | restart | try-restart) exit 1 ;; esac' : '';
  program('systemctl', `${noted('systemctl')}${failing}`);
  for (const name of ['systemd-sysusers', 'userdel']) program(name, noted(name));
  program('getent', `[ -s ${root}/account ] || exit 2; cat ${root}/account`);
  const scripts = maintainerScripts(root);
  return {
    root,
    ran: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
    run: (script, ...args) => {
      rmSync(log, { force: true });
      const env = { PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}` };
      const { status, stdout, stderr } = spawnSync('sh', ['-c', scripts[script], 'sh', ...args], {
        encoding: 'utf8',
        env,
      });
      return { code: status, said: `${stdout}${stderr}` };
    },
    account: (entry) => writeFileSync(join(root, 'account'), `${entry}\n`),
  };
}

const UNITS = 'reeve.socket reeve-admin.socket reeve.service';
const FIRST = [
  'systemd-sysusers reeve.conf',
  'systemctl daemon-reload',
  `systemctl enable --quiet ${UNITS}`,
  'systemctl start reeve.socket reeve-admin.socket',
  'systemctl restart reeve.service',
];

describe('the Debian package', () => {
  test('is enabled and started when it is new, and only started again, if it runs, when it is upgraded', (t) => {
    const { run, ran } = machine(t);
    assert.deepEqual(run('preinst', 'install'), { code: 0, said: '' });
    assert.deepEqual(run('postinst', 'configure', ''), { code: 0, said: '' });
    assert.deepEqual(ran(), FIRST);
    assert.deepEqual(run('preinst', 'upgrade', '0.1.0', '0.2.0'), { code: 0, said: '' });
    assert.deepEqual(run('postinst', 'configure', '0.1.0'), { code: 0, said: '' });
    assert.deepEqual(ran(), [...FIRST.slice(0, 2), 'systemctl try-restart reeve.service']);
  });

  test('that was removed and comes again is enabled and started again', (t) => {
    const { root, run, ran } = machine(t);
    assert.equal(run('prerm', 'remove').code, 0);
    assert.deepEqual(ran(), [`systemctl disable --quiet ${UNITS}`, `systemctl stop ${UNITS}`]);
    assert.equal(run('preinst', 'install', '0.1.0', '0.2.0').code, 0);
    assert.equal(run('postinst', 'configure', '0.1.0').code, 0);
    assert.deepEqual(ran(), FIRST);
    assert.equal(existsSync(join(root, 'run/reeve.first-install')), false);
  });

  test('is configured although its units are masked', (t) => {
    const { run } = machine(t, true);
    const first = run('postinst', 'configure', '');
    assert.equal(first.code, 0);
    assert.match(first.said, /did not start: see `journalctl/);
    const upgraded = run('postinst', 'configure', '0.1.0');
    assert.equal(upgraded.code, 0);
    assert.match(upgraded.said, /did not start again: see `journalctl/);
  });

  test('starts nothing without a configuration', (t) => {
    const { root, run, ran } = machine(t);
    rmSync(join(root, 'etc/reeve/reeve.yaml'));
    assert.match(run('postinst', 'configure', '').said, /write one, then run `reeve service install`/);
    assert.deepEqual(ran(), FIRST.slice(0, 2));
  });

  test('neither uses nor deletes an account of that name that is not its own', (t) => {
    const { root, run, ran, account } = machine(t);
    const foreign = [
      PERSON,
      OWN.replace('998:', '65000:'),
      OWN.replace('998:', '0:'),
      OWN.replace('/usr/sbin/nologin', ''),
    ];
    for (const entry of [...foreign, OWN.replace('/usr/sbin/nologin', '/bin/sh')]) {
      account(entry);
      const { code, said } = run('preinst', 'install');
      assert.equal(code, 1, entry);
      assert.match(said, /^reeve: the account reeve is not the service user.*: rename it first\n$/);
      assert.equal(run('postrm', 'purge').code, 0);
      assert.deepEqual(ran(), ['systemctl daemon-reload'], entry);
    }
    assert.equal(existsSync(join(root, 'var/lib/reeve')), false);
    account(OWN);
    assert.equal(run('preinst', 'install').code, 0);
    assert.equal(run('postrm', 'purge').code, 0);
    assert.deepEqual(ran(), ['systemctl daemon-reload', 'userdel reeve']);
  });
});
