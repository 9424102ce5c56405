import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PAGE_RECORDS } from '../../src/audit/decision-page.ts';
import { type RecordedRequests, type RecordedWindow, recordedRequests } from '../../src/audit/recorded-requests.ts';
import { openLogToRead } from '../../src/store/log-store.ts';
import { answerText, openLog, PEER, temporaryDirectory } from './log-support.ts';

interface Asked {
  readonly host: string;
  readonly uid?: number | null;
}

async function logOf(t: TestContext, asked: readonly Asked[]): Promise<string> {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path, { batchMs: 60_000, closeMs: 30_000 });
  for (const { host, uid = 1000 } of asked) log.record({ ...PEER, uid }, null, answerText(host));
  await log.close();
  return path;
}

function read(path: string, window: Partial<RecordedWindow> = {}): RecordedRequests {
  const database = openLogToRead(path);
  try {
    return recordedRequests(database, { since: 0, limit: 1_000, ...window });
  } finally {
    database.close();
  }
}

test('a request is what was asked and who asked it, counted, the newest first', async (t) => {
  const path = await logOf(t, [
    { host: 'a' },
    { host: 'b' },
    { host: 'a' },
    { host: 'a', uid: 7 },
    { host: 'a', uid: null },
  ]);
  const { requests, decisions, leftOut } = read(path);
  assert.deepEqual(
    requests.map(({ request, uid, count }) => [request['host'], uid, count]),
    [
      ['a', null, 1],
      ['a', 7, 1],
      ['a', 1000, 2],
      ['b', 1000, 1],
    ],
  );
  assert.deepEqual([decisions, leftOut], [5, 0]);
  assert.deepEqual(read(path, { since: Date.now() + 60_000 }).requests, []);
});

test('beyond its bounds it counts what it leaves out', async (t) => {
  const path = await logOf(
    t,
    Array.from({ length: 100 }, (_, index) => ({ host: `h${index % 10}` })),
  );
  const few = read(path, { limit: 3 });
  assert.deepEqual([few.requests.length, few.decisions, few.leftOut], [3, 30, 70]);
  // `stop` is the newest record, `begin` and `start` are among those that are not looked at
  const short = read(path, { records: 21 });
  assert.deepEqual([short.decisions, short.leftOut], [20, 82]);
});

test('what the log does not hold is known from its gaps', async (t) => {
  const path = await logOf(
    t,
    Array.from({ length: PAGE_RECORDS + 50 }, () => ({ host: 'flood' })),
  );
  const { decisions, notKept } = read(path);
  assert.equal(decisions + notKept, PAGE_RECORDS + 50);
  assert.ok(notKept >= 50);
});
