import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  chooseSocket,
  currentUser,
  type SocketChoice,
  type SocketPlaces,
  socketDistrust,
  systemInstalled,
  userSocketDirectory,
} from '../../src/socket/paths.ts';

const ME = process.geteuid?.() ?? 0;

function placesIn(t: TestContext): SocketPlaces & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), 'reeve-socket-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'run'));
  return {
    root,
    systemDirectory: join(root, 'run/reeve'),
    systemConfig: join(root, 'etc-reeve'),
    runtimeParent: join(root, 'user'),
    homeDirectory: 'state',
  };
}

const user = { uid: ME, home: '/home/a' };
const chosen = (choice: SocketChoice): string =>
  choice.kind === 'socket' ? `${choice.origin} ${choice.path}` : choice.kind;

test('the system socket is asked as soon as its directory or its configuration exists', (t) => {
  const places = placesIn(t);
  assert.equal(chosen(chooseSocket('decide', undefined, user, places)), 'user /home/a/state/decide.sock');
  mkdirSync(places.systemConfig);
  assert.ok(systemInstalled(places));
  assert.equal(chosen(chooseSocket('decide', undefined, user, places)), `system ${places.systemDirectory}/decide.sock`);
  rmSync(places.systemConfig, { recursive: true });
  mkdirSync(places.systemDirectory);
  assert.equal(chosen(chooseSocket('admin', undefined, user, places)), `system ${places.systemDirectory}/admin.sock`);
});

test('a named socket wins over both', (t) => {
  const places = placesIn(t);
  mkdirSync(places.systemConfig);
  assert.equal(chosen(chooseSocket('decide', '/x/y.sock', user, places)), 'option /x/y.sock');
});

test('the runtime directory counts only if it is the user’s own and 0700', (t) => {
  const places = placesIn(t);
  const runtime = `${places.runtimeParent ?? ''}/${ME}`;
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  assert.equal(userSocketDirectory(user, places), `${runtime}/reeve`);
  chmodSync(runtime, 0o755);
  assert.equal(userSocketDirectory(user, places), '/home/a/state');
  assert.equal(userSocketDirectory({ ...user, home: null }, places), null);
  assert.equal(chooseSocket('decide', undefined, { ...user, home: null }, places).kind, 'none');
  rmSync(runtime, { recursive: true });
  symlinkSync(places.root, runtime);
  assert.equal(userSocketDirectory(user, places), '/home/a/state');
});

test('a path over 103 bytes, or a relative one, is refused with a message', () => {
  const long = chooseSocket('decide', `/${'a'.repeat(103)}`);
  assert.ok(long.kind === 'none' && long.message.includes('more than 103 bytes'));
  assert.equal(chooseSocket('decide', `/${'a'.repeat(102)}`).kind, 'socket');
  assert.equal(chooseSocket('decide', 'x.sock').kind, 'none');
});

test('a system socket is not asked where its directory or the one above can be written by others', (t) => {
  const { systemDirectory, root } = placesIn(t);
  const choice = { kind: 'socket', path: `${systemDirectory}/decide.sock`, origin: 'system' } as const;
  assert.equal(socketDistrust(choice, ME), null);
  mkdirSync(systemDirectory);
  assert.equal(socketDistrust(choice, ME), null);
  chmodSync(systemDirectory, 0o775);
  assert.match(socketDistrust(choice, ME) ?? '', /written by its group/);
  chmodSync(systemDirectory, 0o755);
  chmodSync(join(root, 'run'), 0o757);
  assert.match(socketDistrust(choice, ME) ?? '', /written by its group/);
});

test('a user socket is asked only if it and its directory belong to the caller', (t) => {
  const { root } = placesIn(t);
  const directory = join(root, 'mine');
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(directory, 'decide.sock'), '');
  const choice = { kind: 'socket', path: join(directory, 'decide.sock'), origin: 'user' } as const;
  assert.equal(socketDistrust(choice, ME), null);
  assert.match(socketDistrust(choice, ME + 1) ?? '', /belongs to uid/);
  if (ME !== 0) return;
  chownSync(choice.path, 1, 1);
  assert.match(socketDistrust(choice, ME) ?? '', /decide\.sock` belongs to uid 1/);
});

test('a path given by option is not tested', (t) => {
  const { root } = placesIn(t);
  chmodSync(root, 0o777);
  assert.equal(socketDistrust({ kind: 'socket', path: join(root, 'x.sock'), origin: 'option' }, ME + 1), null);
});

test('the home comes from the passwd entry, not from the environment', () => {
  const before = process.env['HOME'];
  process.env['HOME'] = '/somewhere/else';
  try {
    assert.equal(currentUser().home, userInfo().homedir);
    assert.notEqual(currentUser().home, '/somewhere/else');
  } finally {
    process.env['HOME'] = before;
  }
});
