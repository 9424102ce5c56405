import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compareTrees, type MountTrees, openMountTrees } from '../../src/realpath/mount-trees.ts';
import { tempDirectory } from '../support/temp-tree.ts';

let id = 20;
const line = (point: string, device = '8:1', root = '/'): string =>
  `${(id += 1)} 20 ${device} ${root} ${point} rw,relatime shared:1 - ext4 /dev/sda1 rw`;

const table = (...lines: string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`, 'latin1');
const differ = (own: Buffer, first: Buffer): readonly string[] | null => {
  const trees = compareTrees(own, first);
  return trees.kind === 'compared' ? trees.differ : null;
};

const ROOT = line('/');
const HOST = table(ROOT, line('/home', '8:2'), line('/proc', '0:5'), line('/tmp', '0:30'));

describe('two trees of mounts', () => {
  test('are the same in one namespace, and in another one with other options', () => {
    assert.deepEqual(differ(HOST, HOST), []);
    const other = Buffer.from(HOST.toString().replaceAll('rw,relatime shared:1', 'ro,nosuid,nodev,relatime master:7'));
    assert.deepEqual(differ(other, HOST), []);
  });

  test('are the same where a directory is mounted on itself, as a service manager does to make it writable', () => {
    const own = Buffer.concat([HOST, table(line('/var/lib/reeve', '8:1', '/var/lib/reeve'), line('/home', '8:2'))]);
    assert.deepEqual(differ(own, HOST), []);
    assert.deepEqual(differ(HOST, own), []);
    // on a file system that is itself a part of one
    const whole = table(line('/', '0:40', '/@'));
    assert.deepEqual(differ(table(line('/', '0:40', '/@'), line('/srv', '0:40', '/@/srv')), whole), []);
  });

  test('differ where something else is mounted, on either side', () => {
    const own = Buffer.concat([
      HOST,
      table(line('/tmp', '0:99'), line('/var/tmp', '8:1', '/tmp/systemd-private-1/tmp')),
    ]);
    assert.deepEqual(differ(own, HOST), ['/tmp', '/var/tmp']);
    assert.deepEqual(differ(HOST, own), ['/tmp', '/var/tmp']);
    assert.deepEqual(differ(table(ROOT), HOST), ['/home', '/proc', '/tmp']);
  });

  test('differ where the same device shows another part of itself', () => {
    assert.deepEqual(differ(table(ROOT, line('/srv', '8:1', '/srv/a')), table(ROOT, line('/srv', '8:1', '/srv/b'))), [
      '/srv',
    ]);
  });

  test('differ below a mount that takes another one away', () => {
    const nested = table(ROOT, line('/home', '8:2'), line('/home/ann', '8:3'));
    assert.deepEqual(differ(table(ROOT, line('/home', '8:2')), nested), ['/home/ann']);
  });

  test('are told by their outermost differences, and by the last mount of several at one point', () => {
    const own = table(ROOT, line('/a', '0:1'), line('/a/b', '0:2'), line('/ab', '0:3'));
    assert.deepEqual(differ(own, table(ROOT)), ['/a', '/ab']);
    assert.deepEqual(differ(table(ROOT, line('/a', '0:1'), line('/a', '8:1', '/a')), table(ROOT)), []);
    assert.deepEqual(differ(table(line('/', '0:77')), HOST), ['/']);
  });

  test('name a point as a path, with its escapes undone; one that is not UTF-8 has no name', () => {
    assert.deepEqual(differ(table(ROOT, line('/mnt/a\\040b\\134c', '0:1'), line('/mnt/\u00ff', '0:2')), table(ROOT)), [
      '/mnt/a b\\c',
    ]);
  });

  test('with more differences than a machine can have differ from the root on', () => {
    const many = Array.from({ length: 1_100 }, (_, index) => line(`/m/${index}`, '0:9'));
    assert.deepEqual(differ(table(ROOT, ...many), table(ROOT)), ['/']);
  });

  test('cannot be compared where one is empty, or nonsense', () => {
    assert.equal(compareTrees(Buffer.alloc(0), HOST).kind, 'unknown');
    assert.equal(compareTrees(HOST, Buffer.from('nonsense\n1 2 3\n')).kind, 'unknown');
  });
});

test('the tables are read anew each time, and one that cannot be read is no comparison', (t) => {
  const root = tempDirectory(t);
  const [own, first] = [join(root, 'own'), join(root, 'first')];
  writeFileSync(own, HOST);
  const trees = openMountTrees(own, first);
  assert.deepEqual(trees(), { kind: 'unknown', reason: 'the mounts of process 1 cannot be read (ENOENT)' });
  writeFileSync(first, HOST);
  const same: MountTrees = { kind: 'compared', differ: [] };
  assert.deepEqual(trees(), same);
  writeFileSync(own, Buffer.concat([HOST, table(line('/srv', '0:50'))]));
  assert.deepEqual(trees(), { kind: 'compared', differ: ['/srv'] });
  assert.equal(trees(), trees(), 'what has not changed is not worked out again');
  writeFileSync(own, HOST);
  assert.deepEqual(trees(), same);
});

describe('a mount that comes between the reading of one table and of the other', () => {
  const more = Buffer.concat([HOST, table(line('/srv', '0:50'))]);
  /** Gives out its tables in turn; when there are no more, always `more`. */
  const readingInTurn = (...tables: Buffer[]): (() => MountTrees) =>
    openMountTrees('own', 'first', () => tables.shift() ?? more);

  test('is no difference', () => {
    const trees = readingInTurn(HOST, more);
    assert.deepEqual(trees(), { kind: 'compared', differ: [] });
  });

  test('is one as long as it lasts, if the tables never come to rest, and is looked at again', () => {
    const trees = readingInTurn(...[HOST, more], ...[more, HOST], ...[HOST, more], ...[more, HOST], ...[HOST, more]);
    assert.deepEqual(trees(), { kind: 'compared', differ: ['/srv'] });
    assert.deepEqual(trees(), { kind: 'compared', differ: [] });
  });
});

test('this machine’s own tables can be read', { skip: process.platform !== 'linux' }, () => {
  assert.ok(['compared', 'unknown'].includes(openMountTrees()().kind));
});
