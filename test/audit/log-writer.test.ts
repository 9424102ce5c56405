import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DecisionPage } from '../../src/audit/decision-page.ts';
import { LogWriter } from '../../src/audit/log-writer.ts';
import { DEFAULT_RETENTION, type Retention } from '../../src/audit/retention.ts';
import { openDatabase } from '../../src/store/database.ts';
import { LOG_MIGRATIONS } from '../../src/store/log-migrations.ts';
import {
  answerText,
  denialText,
  type Found,
  foundIn,
  hostsOf,
  type LogRecord,
  PEER,
  queryOf,
  temporaryDirectory,
  verdictOn,
} from './log-support.ts';

interface Written {
  readonly path: string;
  readonly writer: LogWriter;
  /** One decision for each host, as one page. */
  readonly write: (hosts: readonly string[], at?: number) => ReturnType<LogWriter['write']>;
  readonly search: (query?: LogRecord) => Found;
}

function open(
  t: TestContext,
  path = join(temporaryDirectory(t), 'log.db'),
  retention: Partial<Retention> = {},
): Written {
  const writer = new LogWriter({ path, retention: { ...DEFAULT_RETENTION, ...retention } });
  t.after(() => writer.close(0));
  const write = (hosts: readonly string[], at = 1_000): ReturnType<LogWriter['write']> => {
    const page = new DecisionPage();
    for (const host of hosts) page.add(at, PEER, host.startsWith('deny') ? denialText(host) : answerText(host), '');
    return writer.write({ page: page.memory, count: page.count, gap: null, events: [], at });
  };
  return { path, writer, write, search: (query = {}) => foundIn(writer.search(queryOf(query))) };
}

const hosts = (count: number): string[] => Array.from({ length: count }, (_, index) => `h${index}.example`);

function change(path: string, sql: string): void {
  const database = openDatabase(path, LOG_MIGRATIONS);
  database.exec(sql);
  database.close();
}

test('a chain that nobody touched is intact, in steps of any size', (t) => {
  const { path, write, writer } = open(t);
  const { head } = write(hosts(20));
  for (const step of [1, 7, 100]) {
    assert.deepEqual(verdictOn(path, step), { kind: 'intact', records: 22, first: 1, head });
  }
  writer.close(1_000);
  assert.equal(verdictOn(path).kind, 'intact');
});

test('whatever is changed in a record shows, and the first one is named', (t) => {
  const cases = [
    [5, "UPDATE record SET text = replace(text, 'allow', 'deny') WHERE id >= 5"],
    [7, 'UPDATE record SET hash = zeroblob(32) WHERE id = 7'],
    [9, 'UPDATE record SET at = at + 1 WHERE id = 9'],
    [4, 'DELETE FROM record WHERE id = 4'],
    [3, 'DELETE FROM record WHERE id BETWEEN 3 AND 6'],
    [1, 'DELETE FROM record WHERE id < 3'],
    [11, 'DELETE FROM record WHERE id > 10'],
    [1, 'DELETE FROM record'],
    [22, 'UPDATE chain SET head_hash = zeroblob(32)'],
    [1, 'UPDATE chain SET anchor_hash = randomblob(32)'],
    [6, 'UPDATE record SET text = (SELECT text FROM record WHERE id = 7) WHERE id = 6'],
  ] as const;
  for (const [id, sql] of cases) {
    const { path, write, writer } = open(t);
    write(hosts(19));
    writer.close(1_000);
    change(path, sql);
    for (const step of [2, 100]) {
      const verdict = verdictOn(path, step);
      assert.ok(verdict.kind === 'broken', sql);
      assert.equal(verdict.id, id, `${sql}: ${verdict.message}`);
    }
  }
});

test('what is beyond the number goes from the beginning, and the rest can still be verified', (t) => {
  const { path, write, writer } = open(t, undefined, { maxRecords: 10 });
  write(hosts(30));
  assert.equal(writer.prune(1_000), false);
  const verdict = verdictOn(path, 3);
  assert.ok(verdict.kind === 'intact', JSON.stringify(verdict));
  assert.deepEqual([verdict.records, verdict.first, verdict.head.id], [10, 23, 32]);
  writer.close(1_000);
  // the anchor is no way in: what is left is still a chain
  change(path, 'DELETE FROM record WHERE id = 23');
  assert.equal(verdictOn(path).kind, 'broken');
});

test('what is too old goes, and what is young enough stays', (t) => {
  const { path, write, writer, search } = open(t, undefined, { maxAgeMs: 1_000 });
  write(hosts(5), 1_000);
  write(['young.example'], 2_000);
  writer.prune(2_000);
  assert.equal(search().records.length, 8);
  writer.prune(2_001);
  assert.deepEqual(hostsOf(search().records), ['young.example']);
  assert.equal(verdictOn(path).kind, 'intact');
  // the newest record stays, so that the chain has an end
  writer.prune(10_000_000);
  assert.equal(search().records.length, 1);
});

test('pruning takes small steps, and says that there is more', (t) => {
  const { write, writer, path } = open(t, undefined, { maxRecords: 100 });
  const many = hosts(3_500);
  for (let page = 0; page < 5; page += 1) write(many);
  let steps = 1;
  while (writer.prune(1_000)) steps += 1;
  assert.equal(steps, 3);
  const verdict = verdictOn(path);
  assert.ok(verdict.kind === 'intact' && verdict.records === 100, JSON.stringify(verdict));
});

test('the bytes of the file are bounded, since freed pages are used again', (t) => {
  const { write, writer, path } = open(t, undefined, { maxBytes: 400_000 });
  const size = (): number => {
    const database = openDatabase(path, LOG_MIGRATIONS);
    const bytes =
      Number(database.pragma('page_count', { simple: true })) * Number(database.pragma('page_size', { simple: true }));
    database.close();
    return bytes;
  };
  for (let page = 0; page < 40; page += 1) {
    write(hosts(100));
    while (writer.prune(1_000));
  }
  assert.ok(size() < 600_000, `${size()} bytes`);
  assert.equal(verdictOn(path).kind, 'intact');
});

test('a damaged log is moved aside, and the new one says so in its first record', (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  writeFileSync(path, 'this is no database, and longer than a header of one'.repeat(40));
  writeFileSync(`${path}.damaged-wal`, 'of an earlier one');
  const { write, search } = open(t, path);
  const { movedAside, written } = write(['a.example']);
  assert.equal(written, 1);
  assert.match(movedAside ?? '', /is now `log\.db\.damaged`: `.*` is no usable database/);
  const { records } = search({ after: 0 });
  assert.deepEqual(
    records.map(({ type }) => type),
    ['begin', 'start', 'decision'],
  );
  assert.equal(records[0]?.['moved_aside'], movedAside);
  assert.match(readFileSync(`${path}.damaged`, 'utf8'), /^this is no database/);
  assert.equal(existsSync(`${path}.damaged-wal`), false);
  assert.equal(write(['b.example']).movedAside, null);
});

test('a log that has lost its chain is replaced as well', (t) => {
  const { path, write, writer } = open(t);
  write(['a.example']);
  writer.close(1_000);
  change(path, 'DELETE FROM chain');
  const opened = open(t, path);
  assert.match(opened.write(['b.example']).movedAside ?? '', /has lost the row of its chain/);
  assert.deepEqual(hostsOf(opened.search().records), ['b.example']);
});

test('two daemons cannot fork the chain: the one that is behind goes on where the other ended', (t) => {
  const { path, write } = open(t);
  write(['a.example']);
  const second = open(t, path);
  second.write(['b.example']);
  assert.throws(() => write(['c.example']), { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' });
  write(['c.example']);
  assert.equal(verdictOn(path).kind, 'intact');
  assert.throws(() => second.write(['d.example']), { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' });
});

test('a log of a newer version is left as it is', (t) => {
  const { path, write, writer } = open(t);
  write(['a.example']);
  writer.close(1_000);
  change(path, 'PRAGMA user_version = 99');
  const { write: again } = open(t, path);
  assert.throws(() => again(['b.example']), { code: 'database_newer' });
  assert.deepEqual(
    readdirSync(join(path, '..')).filter((name) => name.includes('damaged')),
    [],
  );
});

test('a page that fails leaves nothing behind, and is written whole later', (t) => {
  const { path, write } = open(t);
  write(['a.example']);
  change(path, "CREATE TRIGGER refuse BEFORE INSERT ON record WHEN NEW.id = 6 BEGIN SELECT raise(ABORT, 'no'); END");
  assert.throws(() => write(hosts(5)), /no/);
  const before = verdictOn(path);
  assert.ok(before.kind === 'intact');
  change(path, 'DROP TRIGGER refuse');
  assert.equal(write(hosts(5)).written, 5);
  assert.equal(verdictOn(path).kind, 'intact');
});

test('searches go from the newest to the oldest, in portions that fit together', (t) => {
  const { write, search } = open(t);
  for (let page = 0; page < 5; page += 1)
    write(
      hosts(40).map((host) => `${page}-${host}`),
      1_000 + page,
    );
  const seen: unknown[] = [];
  let next: string | null | undefined;
  do {
    const found = search({ type: 'decision', limit: 7, ...(next === undefined ? {} : { before: next }) });
    seen.push(...hostsOf(found.records));
    next = found.next;
  } while (next !== null);
  const all = [4, 3, 2, 1, 0].flatMap((page) =>
    hosts(40)
      .toReversed()
      .map((host) => `${page}-${host}`),
  );
  assert.deepEqual(seen, all);
});

test('every filter finds its records and no others', (t) => {
  const { writer, search } = open(t);
  const page = new DecisionPage();
  const other = { uid: 7, gid: 7, pid: null };
  page.add(10_000, PEER, answerText('a.example'), '');
  page.add(20_000, other, denialText('b.example'), '');
  const file = { action: 'write', path: '/srv/data/x', real: '/srv/data/x' };
  page.add(
    30_000,
    PEER,
    answerText('', { request: file, code: 'local_allow', rule: { id: 'r2', policy: 'team.yaml' }, generation: 4 }),
    '',
  );
  const address = { action: 'connect:udp', ip: ['2001:db8::1'], port: 53 };
  page.add(40_000, PEER, answerText('', { request: address, revision: 'sha256:def' }), '');
  writer.write({ page: page.memory, count: 4, gap: null, events: [], at: 50_000 });
  const [a, b, c, d] = [3, 4, 5, 6];
  const cases: readonly (readonly [LogRecord, readonly unknown[]])[] = [
    [{ type: 'decision' }, [d, c, b, a]],
    [{ decision: 'deny' }, [b]],
    [{ code: 'local_allow' }, [c]],
    [{ action: 'connect:udp' }, [d]],
    [{ host: 'a.example' }, [a]],
    [{ host: 'a.exampl' }, []],
    [{ host: '2001:db8::1' }, [d]],
    [{ port: 443 }, [b, a]],
    [{ path: '/srv/data/x' }, [c]],
    [{ contains: '.example' }, [b, a]],
    [{ contains: 'data' }, [c]],
    [{ contains: '%' }, []],
    [{ policy: 'team.yaml' }, [c]],
    [{ rule: 'rule_a', decision: 'deny' }, [b]],
    [{ revision: 'sha256:def' }, [d]],
    [{ generation: 4 }, [c]],
    [{ uid: 7 }, [b]],
    [{ since: '1970-01-01T00:00:20Z', until: '1970-01-01T00:00:30.000Z', type: 'decision' }, [c, b]],
    [{ since: '1970-01-01T01:00:20.001+01:00', type: 'decision' }, [d, c]],
    [{ after: 4 }, [c, d]],
    [{ after: 4, action: 'connect:udp' }, [d]],
    [{ after: 6 }, []],
  ];
  for (const [query, ids] of cases) {
    assert.deepEqual(
      search(query).records.map(({ id }) => id),
      ids,
      JSON.stringify(query),
    );
  }
});

test('a search by time does not read the rest of the log', (t) => {
  const { path, write } = open(t);
  write(['a.example']);
  const database = openDatabase(path, LOG_MIGRATIONS);
  t.after(() => database.close());
  const plan = (sql: string): string =>
    database
      .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail)
      .join('; ');
  const bounds = 'at <= 9 AND (at < 9 OR id < 9) AND at >= 1 AND (at > 1 OR (at = 1 AND id >= 1))';
  assert.match(
    plan(`SELECT id, at FROM searchable WHERE ${bounds} AND decision = 'deny' ORDER BY at DESC, id DESC LIMIT 9`),
    /^SEARCH record USING INDEX record_by_time \(at>\? AND at<\?\)$/,
  );
  assert.match(
    plan('SELECT id FROM record WHERE id <= 9 AND +at >= 1 ORDER BY id LIMIT 1'),
    /^SEARCH record USING INTEGER PRIMARY KEY \(rowid<\?\)$/,
  );
});

test('a record that is no JSON any more breaks no answer, and verifying finds it', (t) => {
  const { path, write, search } = open(t);
  write(['a.example', 'b.example']);
  change(path, "UPDATE record SET text = 'x' WHERE id = 3");
  assert.deepEqual(hostsOf(search().records), ['b.example']);
  assert.deepEqual(hostsOf(search({ after: 2, host: 'b.example' }).records), ['b.example']);
  const verdict = verdictOn(path);
  assert.ok(verdict.kind === 'broken' && verdict.id === 3);
});

test('a directory that somebody removed is told in words, and nothing is written elsewhere', (t) => {
  const directory = join(temporaryDirectory(t), 'state');
  mkdirSync(directory);
  const { write } = open(t, join(directory, 'log.db'));
  write(['a.example']);
  rmSync(directory, { recursive: true });
  assert.throws(() => write(['b.example']), /cannot keep decisions in `.*\/state`: it was removed: restart the daemon/);
  assert.equal(existsSync(directory), false);
});
