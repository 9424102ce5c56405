import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DecisionPage, PAGE_BYTES, PAGE_RECORDS, readPage } from '../../src/audit/decision-page.ts';
import { PEER } from './log-support.ts';

test('what is read from a page is what was put into it, whatever the characters', () => {
  const page = new DecisionPage();
  const decisions = [
    { at: 1.5, peer: PEER, answer: '{"a":"plain"}', labels: '' },
    { at: 2, peer: { uid: null, gid: null, pid: null }, answer: 'ü“”😀', labels: '{"x":"\u{10ffff}"}' },
    { at: 8.64e15, peer: { uid: 4294967294, gid: 0, pid: 2 ** 31 - 1 }, answer: '', labels: 'z' },
    { at: -1, peer: PEER, answer: '\u0000\ud800', labels: '' },
  ];
  for (const { at, peer, answer, labels } of decisions) page.add(at, peer, answer, labels);
  assert.deepEqual([...readPage(page.memory, page.count)], decisions);
});

test('a page takes what it says it has room for, to its last byte', () => {
  const page = new DecisionPage();
  const answer = 'x'.repeat(100_000);
  while (page.hasRoom(answer.length, true)) page.add(0, PEER, answer, '');
  assert.equal(page.count, Math.floor(PAGE_BYTES / (2 * answer.length + 40)));
  let rest = 0;
  while (page.hasRoom(rest + 1, true)) rest += 1;
  page.add(0, PEER, 'y'.repeat(rest), '');
  const read = [...readPage(page.memory, page.count)];
  assert.equal(read.at(-1)?.answer, 'y'.repeat(rest));
  assert.equal(read.length, page.count);
  assert.equal(page.hasRoom(0, true), false);
});

test('the last eighth of a page is for denials', () => {
  const page = new DecisionPage();
  while (page.hasRoom(2, false)) page.add(0, PEER, '{}', '');
  assert.equal(page.count, (PAGE_RECORDS / 8) * 7);
  while (page.hasRoom(2, true)) page.add(0, PEER, '{}', '');
  assert.equal(page.count, PAGE_RECORDS);
});
