import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForeignMounts } from '../../src/pdp/foreign-mounts.ts';

test('points that one end sets are what the other one reads, at each time', () => {
  const writer = new ForeignMounts();
  const reader = new ForeignMounts(writer.memory);
  assert.deepEqual([...reader.current()], []);
  writer.set(['/tmp', '/mnt/ä b']);
  assert.deepEqual([...reader.current()], ['/tmp', '/mnt/ä b']);
  assert.equal(reader.current(), reader.current(), 'read once');
  writer.set(['/srv']);
  assert.deepEqual([...reader.current()], ['/srv']);
  writer.set([]);
  assert.deepEqual([...reader.current()], []);
});

test('more points than there is room for are everything', () => {
  const writer = new ForeignMounts();
  writer.set(Array.from({ length: 1_000 }, (_, index) => `/${'x'.repeat(100)}/${index}`));
  assert.deepEqual([...new ForeignMounts(writer.memory).current()], ['/']);
});
