import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { openPeerCredentials } from '../../src/localapi/peer-credentials.ts';
import { eventually, type Machine, machine, toHost } from '../support/daemon-process.ts';
import { daemonInOwnTree, noSecondTree } from '../support/own-tree.ts';

const run = promisify(execFile);

/** Nobody has these here; the daemon's own table of users does. */
const ANN = 20_001;
const BOB = 20_002;

interface Shared {
  readonly place: Machine;
  /** A user's directory of local files. */
  readonly own: (uid: number) => string;
  readonly write: (uid: number, name: string, rules: readonly object[] | string, owner?: number) => void;
  /** What the daemon answers a process of that user. */
  readonly asks: (uid: number, host: string) => Promise<string>;
}

/** A system service that several people use: each has a home, and asks as the kernel says. */
async function shared(t: TestContext, prepare: (shared: Shared) => void = () => undefined): Promise<Shared> {
  const place = machine(t);
  chmodSync(place.root, 0o755);
  const home = (uid: number): string => join(place.root, `home-${uid}`);
  const own = (uid: number): string => join(home(uid), '.config/reeve/local.d');
  for (const uid of [ANN, BOB]) {
    mkdirSync(own(uid), { recursive: true, mode: 0o755 });
    for (const path of ['', '.config', '.config/reeve', '.config/reeve/local.d'])
      chownSync(join(home(uid), path), uid, uid);
    chmodSync(home(uid), 0o700);
  }
  const users = [ANN, BOB].map((uid) => `user${uid}:x:${uid}:${uid}::${home(uid)}:/bin/sh\n`).join('');
  const passwd = join(place.root, 'passwd');
  writeFileSync(passwd, readFileSync('/etc/passwd', 'utf8') + users);
  const made: Shared = {
    ...{ place, own },
    write(uid, name, rules, owner = uid) {
      const path = join(own(uid), name);
      writeFileSync(path, typeof rules === 'string' ? rules : JSON.stringify({ version: 1, rules }), { mode: 0o644 });
      chownSync(path, owner, owner);
    },
    async asks(uid, host) {
      const body = JSON.stringify(toHost(host));
      const words = ['-s', '--max-time', '10', '--unix-socket', place.decide, '-d', body, 'http://reeve/v1/decide'];
      let code = '';
      // a busy machine looks a home up for longer than the first request of a user waits
      await eventually('an answer', async () => {
        const { stdout } = await run('curl', words, { uid, gid: uid });
        code = (JSON.parse(stdout) as { code?: string }).code ?? '';
        return code !== '' && code !== 'overloaded';
      });
      return code;
    },
  };
  prepare(made);
  await daemonInOwnTree(t, place, { first: `mount --bind '${passwd}' /etc/passwd` });
  return made;
}

const allow = (host: string): object => ({ id: `allow ${host}`, decision: 'allow', resources: [host] });
const deny = (host: string): object => ({ id: `deny ${host}`, decision: 'deny', resources: [host] });

/** Why nobody can ask as somebody else here; false = somebody can. */
async function noOtherUsers(): Promise<string | false> {
  if (process.geteuid?.() !== 0) return 'only root asks as somebody else';
  const { kind } = await openPeerCredentials();
  if (kind === 'unavailable') return 'the kernel’s credentials cannot be read';
  return run('curl', ['--version']).then(noSecondTree, () => 'curl is not installed');
}

describe('users of a system service', { skip: await noOtherUsers() }, () => {
  test('have rules of their own, which count for nobody else', async (t) => {
    const { write, asks } = await shared(t, (before) => {
      before.place.writeLocal('10.json', [allow('all.example')]);
      before.write(ANN, '10.json', [allow('ann.example'), deny('all.example')]);
      before.write(BOB, '10.json', [allow('bob.example')]);
    });
    const table = async (): Promise<string[][]> =>
      Promise.all(
        [ANN, BOB, 0].map((uid) =>
          Promise.all(['ann.example', 'bob.example', 'all.example'].map((host) => asks(uid, host))),
        ),
      );
    assert.deepEqual(await table(), [
      ['local_allow', 'default_deny', 'local_deny'],
      ['default_deny', 'local_allow', 'local_allow'],
      ['default_deny', 'default_deny', 'local_allow'],
    ]);
    write(BOB, '10.json', [deny('all.example')]);
    await eventually('the change', async () => (await asks(BOB, 'all.example')) === 'local_deny');
    assert.deepEqual([await asks(BOB, 'bob.example'), await asks(0, 'all.example')], ['default_deny', 'local_allow']);
  });

  test('close nobody’s domains but their own with a file that never parsed', async (t) => {
    const { write, own, asks } = await shared(t, (before) => {
      before.place.writeLocal('10.json', [allow('all.example')]);
      before.write(ANN, '10.json', '{"version": 1, "rules": [');
    });
    assert.deepEqual(
      [await asks(ANN, 'all.example'), await asks(BOB, 'all.example')],
      ['local_invalid', 'local_allow'],
    );
    rmSync(join(own(ANN), '10.json'));
    await eventually('the opening', async () => (await asks(ANN, 'all.example')) === 'local_allow');
    write(ANN, '10.json', [allow('ann.example')]);
    await eventually('the file', async () => (await asks(ANN, 'ann.example')) === 'local_allow');
  });

  test('cannot have somebody else’s file count, nor one behind a link', async (t) => {
    const { own, write, asks } = await shared(t, (before) => {
      before.write(ANN, '10.json', [allow('ann.example')]);
      before.write(BOB, '10.json', [allow('bob.example'), deny('all.example')], ANN);
      symlinkSync(join(before.own(ANN), '10.json'), join(before.own(BOB), '20.json'));
      before.place.writeLocal('10.json', [allow('all.example')]);
    });
    assert.deepEqual(
      await Promise.all(['ann.example', 'bob.example', 'all.example'].map((host) => asks(BOB, host))),
      ['default_deny', 'default_deny', 'local_deny'],
      'its allows are inert, its denies count, and a link is not read',
    );
    rmSync(join(own(BOB), '10.json'));
    write(BOB, '10.json', [allow('bob.example')]);
    await eventually('the right owner', async () => (await asks(BOB, 'bob.example')) === 'local_allow');
  });

  test('that are unknown have none: 65534 is nobody in particular', async (t) => {
    const { asks } = await shared(t, (before) => {
      before.write(ANN, '10.json', [allow('ann.example')]);
    });
    assert.deepEqual(
      [await asks(65_534, 'ann.example'), await asks(30_003, 'ann.example')],
      ['default_deny', 'default_deny'],
    );
    assert.equal(await asks(ANN, 'ann.example'), 'local_allow');
  });
});
