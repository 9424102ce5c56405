import assert from 'node:assert/strict';
import { chmodSync, lstatSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { walkLinks, walkPath } from '../../src/realpath/walk.ts';
import { plant, tempDirectory } from '../support/temp-tree.ts';
import { grow, step, tree } from './random-tree.ts';

function realOf(path: string): string {
  const resolution = walkPath(path);
  assert.ok(resolution.kind === 'real', `${path}: ${JSON.stringify(resolution)}`);
  return resolution.real;
}

function reasonOf(path: string): string {
  const resolution = walkPath(path);
  assert.ok(resolution.kind === 'unresolvable', `${path}: ${JSON.stringify(resolution)}`);
  assert.ok(!resolution.reason.includes('\n'));
  return resolution.reason;
}

const linuxOnly = { skip: process.platform === 'linux' ? false : 'needs /proc' };

test('a path without links is itself, whether it exists or not', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/b/', 'a/f']);
  for (const path of ['/', root, `${root}/a/b`, `${root}/a/f`, `${root}/new`, `${root}/a/new/deep/file`]) {
    assert.equal(realOf(path), path);
  }
});

test('links are followed where they stand, absolute, relative and chained', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/b/', 'a/b/f', `abs -> ${root}/a`, 'a/rel -> b/./', 'a/up -> ../a/b', 'one -> two', 'two -> abs']);
  assert.equal(realOf(`${root}/abs/b/f`), `${root}/a/b/f`);
  assert.equal(realOf(`${root}/a/rel/f`), `${root}/a/b/f`);
  assert.equal(realOf(`${root}/a/up/f`), `${root}/a/b/f`);
  assert.equal(realOf(`${root}/one/rel/new`), `${root}/a/b/new`);
});

test('.. is where the walk has got to, never text', (t) => {
  const root = tempDirectory(t);
  plant(root, ['ok/', 'secret/sub/', 'secret/key', 'ok/l -> ../secret/sub', 'top -> /']);
  assert.equal(realOf(`${root}/ok/l/../key`), `${root}/secret/key`);
  assert.equal(realOf(`${root}/ok/../secret/key`), `${root}/secret/key`);
  assert.equal(realOf(`${root}/top/../..`), '/');
  assert.equal(realOf('/../..'), '/');
});

test('a name that does not exist ends the walk, and nothing leads out of it', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'l -> a']);
  assert.equal(realOf(`${root}/l/new/x`), `${root}/a/new/x`);
  assert.match(reasonOf(`${root}/a/new/../x`), /does not exist/);
  assert.match(reasonOf(`${root}/new/..`), /does not exist/);
});

test('a dangling link leads to its target, rest and all', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', `gone -> ${root}/a/no/where`, 'odd -> no/../where']);
  assert.equal(realOf(`${root}/gone`), `${root}/a/no/where`);
  assert.equal(realOf(`${root}/gone/x`), `${root}/a/no/where/x`);
  assert.match(reasonOf(`${root}/odd`), /does not exist/);
});

test('nothing is behind a file', (t) => {
  const root = tempDirectory(t);
  plant(root, ['f', 'l -> f', 'through -> f/x', 'back -> f/..']);
  assert.equal(realOf(`${root}/l`), `${root}/f`);
  for (const path of ['f/x', 'f/..', 'l/x', 'through', 'back']) {
    assert.match(reasonOf(`${root}/${path}`), /is no directory/, path);
  }
});

test('forty links are followed, no more', (t) => {
  const root = tempDirectory(t);
  plant(root, ['l0', ...Array.from({ length: 41 }, (_, index) => `l${index + 1} -> l${index}`), 'loop -> loop']);
  assert.equal(realOf(`${root}/l40`), `${root}/l0`);
  assert.match(reasonOf(`${root}/l41`), /more than 40 links/);
  assert.match(reasonOf(`${root}/loop`), /more than 40 links/);
});

test('a name in a link that is not utf-8 cannot be told', linuxOnly, (t) => {
  const root = tempDirectory(t);
  symlinkSync(Buffer.from([0x78, 0xff, 0x79]), join(root, 'l'));
  assert.match(reasonOf(`${root}/l`), /not utf-8/);
  symlinkSync('\ufeffx', join(root, 'bom'));
  assert.equal(realOf(`${root}/bom`), `${root}/\ufeffx`);
});

test('a directory that may not be searched is not guessed at', (t) => {
  const root = tempDirectory(t);
  plant(root, ['shut/', 'shut/f']);
  chmodSync(root, 0o755);
  chmodSync(`${root}/shut`, 0o000);
  const asRoot = process.geteuid?.() === 0;
  if (asRoot) process.seteuid?.(65_534);
  try {
    assert.match(reasonOf(`${root}/shut/f`), /cannot look at .*EACCES/);
  } finally {
    if (asRoot) process.seteuid?.(0);
    chmodSync(`${root}/shut`, 0o755);
  }
});

test('names and paths that the system refuses are not guessed at either', (t) => {
  const root = tempDirectory(t);
  assert.match(reasonOf(`${root}/${'x'.repeat(256)}`), /ENAMETOOLONG/);
  const long = `${'x'.repeat(200)}/`.repeat(10);
  plant(root, [`l -> ${long}`]);
  assert.match(reasonOf(`${root}/l/${long}${long}`.slice(0, 4000)), /too long/);
});

test('a path through a place that each process sees differently is refused before it is followed', linuxOnly, (t) => {
  const root = tempDirectory(t);
  plant(root, [
    'p -> /proc',
    'me -> /proc/self',
    'cwd -> /proc/self/cwd',
    'in -> /dev/stdin',
    'back -> /proc/self/cwd/../../../etc',
  ]);
  for (const path of [
    '/proc/self/root/etc',
    '/proc/self/cwd/../../etc/passwd',
    '/proc/1/fd/0',
    '/dev/fd/0',
    `${root}/p/self/root/etc`,
    `${root}/p/thread-self/status`,
    `${root}/me/fd/0`,
    `${root}/me/../1/root`,
    `${root}/cwd`,
    `${root}/cwd/..`,
    `${root}/in`,
    `${root}/back/passwd`,
    `${root}/p/999999999/root/x`,
  ]) {
    assert.match(reasonOf(path), /something else for every process/, path);
  }
  assert.match(realOf(`${root}/me/status`), /^\/proc\/\d+\/status$/);
});

test('the text of the path counts as well, even where a link makes it lead elsewhere', linuxOnly, (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/b/c/', `l -> a/b/c`]);
  const up = '/..'.repeat(root.split('/').length - 1);
  assert.equal(realOf(`${root}/l/../proc/self/root`), `${root}/a/b/proc/self/root`);
  assert.match(reasonOf(`${root}/l/..${up}/proc/self/root`), /something else for every process/);
});

test('the platform is an argument: macos has doors of its own', (t) => {
  const root = tempDirectory(t);
  plant(root, ['vol -> /.vol/1/2', 'door -> /.NoFollow/etc']);
  for (const path of ['/.vol/1/2', `${root}/vol`, `${root}/door/x`]) {
    assert.equal(walkPath(path, 'darwin').kind, 'unresolvable', path);
    assert.equal(walkPath(path, 'linux').kind, 'real', path);
  }
});

test('each link that is followed is told with the directory that holds it', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'l -> a', 'a/m -> ../b', 'b/']);
  const crossed: unknown[] = [];
  walkLinks(`${root}/l/m/x`, { platform: 'linux', crossed: (link) => crossed.push(link) });
  assert.deepEqual(crossed, [
    { directory: root, path: `${root}/l` },
    { directory: `${root}/a`, path: `${root}/a/m` },
  ]);
});

/** What the kernel says; null where it leads to nothing. */
function kernelReal(path: string): string | null {
  try {
    return realpathSync.native(path);
  } catch {
    return null;
  }
}

test('wherever the kernel resolves a path, the walk resolves it alike; elsewhere it never invents one', (t) => {
  const base = tempDirectory(t);
  const seen = { same: 0, linked: 0, missing: 0, refused: 0 };
  let count = 0;
  fc.assert(
    fc.property(
      tree,
      fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 5, maxLength: 20 }),
      (entries, paths) => {
        count += 1;
        const root = `${base}/${count}/x/y`;
        mkdirSync(root, { recursive: true });
        grow(root, entries);
        for (const names of paths) {
          const path = `${root}/${names.join('/')}`;
          const kernel = kernelReal(path);
          const walked = walkPath(path);
          if (kernel !== null) {
            assert.deepEqual(walked, { kind: 'real', real: kernel }, path);
            seen[kernel === path ? 'same' : 'linked'] += 1;
          } else if (walked.kind === 'unresolvable') seen.refused += 1;
          else {
            // what does not exist yet: the deepest parent that does is where the kernel says, and it is no link
            seen.missing += 1;
            let parent = walked.real;
            while (lstatSync(parent, { throwIfNoEntry: false }) === undefined) parent = join(parent, '..');
            assert.notEqual(parent, walked.real);
            assert.equal(kernelReal(parent), parent);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(Math.min(seen.same, seen.linked, seen.missing, seen.refused) > 100, JSON.stringify(seen));
});

test('what lies below another mount than the asker’s is not walked, however a path gets there, nor through it', (t) => {
  const root = tempDirectory(t);
  mkdirSync(join(root, 'foreign/deep'), { recursive: true });
  mkdirSync(join(root, 'own'));
  symlinkSync(join(root, 'foreign/deep'), join(root, 'own/in'));
  symlinkSync('../../own', join(root, 'foreign/deep/out'));
  const walk = (path: string, points = [join(root, 'foreign'), join(root, 'gone/mount')]): string => {
    const resolution = walkLinks(join(root, path), { foreign: new Set(points) });
    return resolution.kind === 'real' ? resolution.real.slice(root.length + 1) : resolution.reason.replace(root, '');
  };
  const refusal = (point: string): string =>
    `\`/${point}\` is another mount for the rest of the machine than for this daemon: send \`real\``;
  for (const path of [
    'foreign',
    'foreign/x',
    'foreign/deep/x',
    'own/in',
    'own/in/x',
    'foreign/deep/out/x',
    'own/in/out/x',
  ]) {
    assert.equal(walk(path), refusal('foreign'), path);
  }
  // nothing is there for this process, and what is mounted there may be for the asker
  assert.equal(walk('gone/mount/x'), refusal('gone/mount'));
  assert.equal(walk('gone/mount'), refusal('gone/mount'));
  assert.deepEqual([walk('own/x'), walk('gone/other'), walk('foreigner/x')], ['own/x', 'gone/other', 'foreigner/x']);
  assert.match(walk('own/x', ['/']), /^`\/` is another mount/);
});
