import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isCanonicalPath,
  leadsThroughMagic,
  liesBelow,
  readPath,
  subtreeHoldsMagic,
} from '../../../src/policy/resource/path.ts';
import { inputs, trying } from '../../support/inputs.ts';

function forms(text: string): { lexical: string; sent: string } {
  const reading = readPath(text);
  assert.ok(reading.kind === 'path', text);
  return { lexical: reading.lexical, sent: reading.sent };
}

function reasonOf(value: unknown): string {
  const reading = readPath(value);
  assert.ok(reading.kind === 'invalid');
  return reading.reason;
}

test('what is not a string, not absolute, holds NUL or half a surrogate pair is no path', () => {
  for (const value of [undefined, null, true, 7, {}, ['/a'], Object('/a')]) {
    assert.match(reasonOf(value), /must be a string/);
  }
  for (const text of ['', ' ', 'a', './a', '../a', '~', '~/a', 'file:///a', ' /a', '\\a']) {
    assert.match(reasonOf(text), /must be absolute/);
  }
  assert.match(reasonOf('/a\0'), /NUL/);
  assert.match(reasonOf('/a\ud800b'), /surrogate/);
});

test('4,096 bytes of utf-8 are a path, one more are not', () => {
  assert.equal(readPath(`/${'a'.repeat(4095)}`).kind, 'path');
  assert.match(reasonOf(`/${'a'.repeat(4096)}`), /4096 bytes/);
  assert.equal(readPath(`/a${'é'.repeat(2047)}`).kind, 'path');
  assert.match(reasonOf(`/aa${'é'.repeat(2047)}`), /4096 bytes/);
});

test('only // and . are collapsed in the form that a walk starts from; the lexical form resolves .. too', () => {
  assert.deepEqual(forms('/a/b'), { lexical: '/a/b', sent: '/a/b' });
  assert.deepEqual(forms('//a///b/'), { lexical: '/a/b', sent: '/a/b' });
  assert.deepEqual(forms('/a/./b/.'), { lexical: '/a/b', sent: '/a/b' });
  assert.deepEqual(forms('/a/../b'), { lexical: '/b', sent: '/a/../b' });
  assert.deepEqual(forms('/a/..'), { lexical: '/', sent: '/a/..' });
  assert.deepEqual(forms('/../../a'), { lexical: '/a', sent: '/../../a' });
  assert.deepEqual(forms('/'), { lexical: '/', sent: '/' });
  assert.deepEqual(forms('//'), { lexical: '/', sent: '/' });
  assert.deepEqual(forms('/.'), { lexical: '/', sent: '/' });
});

test('names of three dots, dotfiles and names that end in dots are names', () => {
  for (const text of ['/...', '/a/.b', '/a/..b', '/a/b..', '/a/b.', '/.../x']) {
    assert.deepEqual(forms(text), { lexical: text, sent: text });
  }
});

test('a canonical path has nothing to collapse or to resolve', () => {
  for (const text of ['/', '/a', '/a/.b', '/a/..b/...', '/a b\n']) assert.ok(isCanonicalPath(text), text);
  for (const text of ['', 'a', '//', '/a/', '/a//b', '/a/.', '/./a', '/a/..', '/../a', '/a\0', '/\udc00']) {
    assert.ok(!isCanonicalPath(text), text);
  }
  assert.ok(!isCanonicalPath(`/${'a'.repeat(4096)}`));
});

const rawPath = fc
  .array(fc.constantFrom('a', 'bc', '.', '..', '', '...', '.x', 'é'), { maxLength: 8 })
  .map((names) => `/${names.join('/')}`);

test('the lexical form is canonical, and reading it again changes nothing', () => {
  fc.assert(
    fc.property(rawPath, (text) => {
      const { lexical, sent } = forms(text);
      assert.ok(isCanonicalPath(lexical));
      assert.deepEqual(forms(lexical), { lexical, sent: lexical });
      assert.deepEqual(forms(sent), { lexical, sent });
      assert.equal(isCanonicalPath(text), text === lexical);
    }),
    trying(10_000),
  );
});

test('a path lies below a directory only at a boundary of names', () => {
  assert.ok(liesBelow('/data', '/data'));
  assert.ok(liesBelow('/data/x', '/data'));
  assert.ok(!liesBelow('/database', '/data'));
  assert.ok(!liesBelow('/', '/data'));
  assert.ok(liesBelow('/x', '/'));
  assert.ok(liesBelow('/', '/'));
});

test('links that the kernel makes for each process are magic, for every spelling of a process', () => {
  for (const process of ['self', 'thread-self', '1', '31337']) {
    for (const entry of ['root', 'cwd', 'exe', 'fd', 'map_files', 'task']) {
      assert.ok(leadsThroughMagic(`/proc/${process}/${entry}`));
      assert.ok(leadsThroughMagic(`/proc/${process}/${entry}/etc/passwd`));
    }
  }
  for (const device of ['fd', 'stdin', 'stdout', 'stderr']) {
    assert.ok(leadsThroughMagic(`/dev/${device}`));
    assert.ok(leadsThroughMagic(`/dev/${device}/3`));
  }
});

test('other places in /proc and /dev are not', () => {
  for (const path of [
    '/',
    '/proc',
    '/proc/self',
    '/proc/self/status',
    '/proc/cpuinfo',
    '/proc/sys/root',
    '/proc/12a/root',
    '/proc/self/rootx',
    '/dev',
    '/dev/null',
    '/dev/fdx',
    '/srv/proc/self/root',
    '/srv/dev/fd',
    '/PROC/self/root',
  ]) {
    assert.ok(!leadsThroughMagic(path), path);
  }
});

test('magic is seen after each component, even if a later .. leads out of it', () => {
  assert.ok(leadsThroughMagic('/proc/self/cwd/../../etc/passwd'));
  assert.ok(leadsThroughMagic('/a/../proc/x/../self/root/..'));
  assert.ok(leadsThroughMagic('/dev/shm/../fd/../null'));
  assert.ok(leadsThroughMagic('/../../dev/stdin'));
  assert.ok(!leadsThroughMagic('/proc/self/../cwd'));
  assert.ok(!leadsThroughMagic('/a/proc/../self/root'));
  // text between the names does not hide them
  assert.ok(leadsThroughMagic('//proc/./self//fd/'));
});

test('on macos the doors past names are magic in every case, and /proc is nothing', () => {
  for (const path of ['/.vol/1/2', '/.nofollow/etc', '/.resolve/1/etc', '/.VOL/1', '/dev/fd/3', '/DEV/Stdin']) {
    assert.ok(leadsThroughMagic(path, 'darwin'), path);
    assert.equal(leadsThroughMagic(path, 'linux'), path === '/dev/fd/3', path);
  }
  assert.ok(leadsThroughMagic('/a/../.vol/../b', 'darwin'));
  for (const path of ['/', '/dev', '/dev/null', '/proc/self/root', '/a/.vol', '/.volx']) {
    assert.ok(!leadsThroughMagic(path, 'darwin'), path);
  }
});

test('a subtree that holds such a place is one from the root down to it', () => {
  for (const path of [
    '/',
    '/proc',
    '/proc/self',
    '/proc/thread-self',
    '/proc/7',
    '/proc/7/fd',
    '/proc/7/fd/1',
    '/dev',
    '/dev/fd',
  ]) {
    assert.ok(subtreeHoldsMagic(path), path);
  }
  for (const path of ['/etc', '/proc/sys', '/proc/7/net', '/dev/shm', '/devel', '/srv/proc', '/srv/dev']) {
    assert.ok(!subtreeHoldsMagic(path), path);
  }
  for (const path of ['/', '/.vol', '/.vol/1', '/dev', '/DEV']) assert.ok(subtreeHoldsMagic(path, 'darwin'), path);
  for (const path of ['/Users', '/Users/dev', '/dev/disk0']) assert.ok(!subtreeHoldsMagic(path, 'darwin'), path);
});

const namesNearMagic = fc.array(
  fc.constantFrom('proc', 'self', '12', 'fd', 'root', 'task', 'dev', 'stdin', 'shm', 'a', '..', '.vol'),
  { maxLength: 6 },
);

test('magic is decided as by looking at every prefix of the path, one after another', () => {
  const found = { magic: 0, harmless: 0 };
  fc.assert(
    fc.property(namesNearMagic, fc.constantFrom('linux' as const, 'darwin' as const), (names, platform) => {
      const door =
        platform === 'darwin'
          ? /^\/(?:\.vol|dev\/(?:fd|stdin))(?:\/|$)/
          : /^\/(?:dev\/(?:fd|stdin)|proc\/(?:self|12)\/(?:fd|root|task))(?:\/|$)/;
      const expected = names.some((_, index) => door.test(forms(`/${names.slice(0, index + 1).join('/')}`).lexical));
      found[expected ? 'magic' : 'harmless'] += 1;
      assert.equal(leadsThroughMagic(`/${names.join('/')}`, platform), expected);
    }),
    trying(10_000),
  );
  assert.ok(found.magic > inputs(250) && found.harmless > inputs(500), JSON.stringify(found));
});

test('a subtree holds magic exactly if something below it leads through it', () => {
  const below = ['', '/self', '/12', '/fd', '/self/root', '/proc/self/cwd', '/dev/fd', '/.vol', '/12/exe', '/root'];
  fc.assert(
    fc.property(
      namesNearMagic.filter((names) => !names.includes('..')),
      fc.constantFrom('linux' as const, 'darwin' as const),
      (names, platform) => {
        const base = names.length === 0 ? '' : `/${names.join('/')}`;
        // macOS has no /proc, but asking for it as a whole is refused there as well
        fc.pre(platform === 'linux' || names[0] !== 'proc');
        const expected = below.some((rest) => leadsThroughMagic(`${base}${rest}`, platform));
        assert.equal(subtreeHoldsMagic(base === '' ? '/' : base, platform), expected, base);
      },
    ),
    trying(10_000),
  );
});

test('a process is a number or the asker, in the case that the disk compares', () => {
  for (const path of ['/proc/a1/cwd', '/proc/1a/cwd', '/PROC/1/cwd', '/proc/1', '/dev', '/dev/null/fd']) {
    assert.equal(leadsThroughMagic(path), false, path);
  }
  for (const path of ['/PROC', '/Dev', '/proc/a1', '/dev/null', '/proc/1/status']) {
    assert.equal(subtreeHoldsMagic(path), false, path);
  }
  for (const path of ['/DEV', '/Proc']) assert.equal(subtreeHoldsMagic(path, 'darwin'), true, path);
});
