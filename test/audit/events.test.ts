import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PAGE_RECORDS } from '../../src/audit/decision-page.ts';
import { EVENT_FIELDS, eventEntry, type LoggedEvent } from '../../src/audit/event-fields.ts';
import type { AuditEvent } from '../../src/sources/audit-event.ts';
import { answerText, find, openLog, PEER, temporaryDirectory, until, verdictOn } from './log-support.ts';

const SERVING = { revision: '42', generation: 7 };
const ACTIVATED: LoggedEvent = {
  event: 'activated',
  ...{ org: 'acme', source: 'tuf', from: '41', to: '42' },
  ...{ by: 'ann', reason: 'asked for', ticket: null },
};
const RESET: LoggedEvent = {
  event: 'reset',
  ...{ org: 'acme', revision: '42', governed: ['network'], uid: 0, pid: 9 },
};

/** Writes like the log's own thread, after `fault` has been run for each page. */
function faultyEntry(t: TestContext, fault: string): URL {
  const path = join(temporaryDirectory(t), 'thread.mts');
  const writer = new URL('../../src/audit/log-writer.ts', import.meta.url).href;
  writeFileSync(
    path,
    `import { parentPort, workerData } from 'node:worker_threads';
import { existsSync } from 'node:fs';
import { LogWriter } from '${writer}';
const writer = new LogWriter(workerData);
parentPort.on('message', (request) => {
  if (request.kind === 'page') {
    const { page } = request;
    ${fault}
    parentPort.postMessage({ kind: 'written', page, ...writer.write(request) }, [page]);
  } else if (request.kind === 'query') {
    parentPort.postMessage({ kind: 'found', number: request.number, answer: writer.search(request.query) });
  } else {
    writer.close(request.at);
    parentPort.postMessage({ kind: 'closed' });
    parentPort.close();
  }
});`,
  );
  return pathToFileURL(path);
}

test('an event is a record of the chain, with the policy that served', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path, { serving: () => SERVING });
  log.record(PEER, null, answerText('before.example'));
  assert.equal(log.note(ACTIVATED), true);
  log.record(PEER, null, answerText('after.example'));
  assert.equal(await log.noted(5_000), true);
  const { records } = await find(log, { type: 'event' });
  const { id, at, ...record } = records[0] ?? {};
  assert.equal(records.length, 1);
  assert.match(String(at), /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
  assert.ok(Number(id) > 2);
  assert.deepEqual(record, {
    type: 'event',
    event: 'activated',
    details: { org: 'acme', source: 'tuf', from: '41', to: '42', by: 'ann', reason: 'asked for', ticket: null },
    revision: '42',
    generation: 7,
  });
  assert.equal(verdictOn(path).kind, 'intact');
  assert.equal(log.state().written, 2, 'events are no decisions');
});

test('events stand between the decisions before and behind them', async (t) => {
  const clock = { at: 1_000, now: () => clock.at, after: (): (() => void) => () => undefined };
  const log = openLog(t, join(temporaryDirectory(t), 'log.db'), { clock });
  for (const at of [1_000, 2_000, 3_000]) {
    clock.at = at;
    log.record(PEER, null, answerText('h.example'));
    log.note({ event: 'mark_repaired', revision: String(at) });
  }
  const { records } = await find(log);
  assert.deepEqual(records.map(({ type }) => type).reverse(), [
    ...['begin', 'start'],
    ...['event', 'decision', 'event', 'decision', 'event', 'decision'],
  ]);
});

test('an event alone is written, without any decision', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path);
  log.note({ event: 'first_start' });
  assert.equal(await log.noted(5_000), true);
  await log.close();
  assert.equal(verdictOn(path).kind, 'intact');
});

test('closing writes the events that wait', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path, { batchMs: 60_000, closeMs: 30_000 });
  log.note(RESET);
  await log.close();
  const next = openLog(t, path);
  assert.equal((await find(next, { type: 'event' })).records.length, 1);
});

test('an event survives a disk that refuses its page until it is given up, and a writer that breaks down', async (t) => {
  const faults = [
    `if (existsSync(workerData.path + '.broken')) {
      parentPort.postMessage({ kind: 'failed', page, message: 'no room' }, [page]);
      return;
    }`,
    `if (existsSync(workerData.path + '.broken')) process.exit(1);`,
  ];
  for (const fault of faults) {
    const path = join(temporaryDirectory(t), 'log.db');
    writeFileSync(`${path}.broken`, '');
    const pauses: (() => void)[] = [];
    // pauses end when this test says so
    const clock = {
      now: () => Date.now(),
      after: (ms: number, task: () => void) => {
        if (ms < 100) setTimeout(task, ms);
        else pauses.push(task);
        return () => undefined;
      },
    };
    const log = openLog(t, path, { clock, entry: faultyEntry(t, fault), serving: () => SERVING });
    log.record(PEER, null, answerText('lost.example'));
    log.note(RESET);
    for (let round = 0; round < 6; round += 1) {
      await until(() => pauses.length > 0);
      pauses.shift()?.();
    }
    assert.equal(await log.noted(1), false, fault);
    rmSync(`${path}.broken`);
    while (!(await log.noted(20))) pauses.shift()?.();
    const { records } = await find(log);
    assert.deepEqual(
      records.filter(({ type }) => type === 'event').map(({ event, revision }) => [event, revision]),
      [['reset', '42']],
    );
    const [gap] = records.filter(({ type }) => type === 'gap');
    assert.deepEqual([gap?.['lost'], gap?.['dropped_events']], [1, 0]);
    assert.equal(verdictOn(path).kind, 'intact');
  }
});

test('events that have no room are counted in the gap, and the caller is told', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path, { batchMs: 60_000 });
  const told = Array.from({ length: 200 }, (_, index) =>
    log.note({ event: 'mark_repaired', revision: String(index) }),
  ).filter((kept) => !kept);
  assert.equal(told.length, 72);
  assert.equal(await log.noted(5_000), true);
  const { records } = await find(log, { limit: 500 });
  assert.equal(records.filter(({ type }) => type === 'event').length, 128);
  assert.deepEqual(
    records.filter(({ type }) => type === 'gap').map((gap) => [gap['dropped'], gap['lost'], gap['dropped_events']]),
    [[0, 0, 72]],
  );
});

test('a flood of decisions takes no place from an event', async (t) => {
  const log = openLog(t, join(temporaryDirectory(t), 'log.db'));
  for (let number = 0; number < PAGE_RECORDS + 100; number += 1) log.record(PEER, null, answerText('flood.example'));
  assert.equal(log.note(ACTIVATED), true);
  assert.equal((await find(log, { type: 'event' })).records.length, 1);
});

test('a search waits for the page that is on its way, so that it sees what was recorded behind it', async (t) => {
  const log = openLog(t, join(temporaryDirectory(t), 'log.db'), { batchMs: 1 });
  log.note({ event: 'first_start' });
  // it is under way by now, and its thread takes longer than this to load
  await new Promise((resolve) => setTimeout(resolve, 10));
  log.record(PEER, null, answerText('behind.example'));
  const found = await Promise.all([find(log), find(log), find(log)]);
  for (const { records } of found) assert.equal(records[0]?.['type'], 'decision');
});

test('what an organisation writes into an event does not make it long', () => {
  const long = 'x'.repeat(100_000);
  const { fields } = eventEntry({ ...ACTIVATED, reason: long, org: long }, 0, SERVING);
  assert.ok(JSON.stringify(fields).length < 2_500);
  const many = Array.from({ length: 1_000 }, () => long);
  assert.ok(JSON.stringify(eventEntry({ ...RESET, governed: many }, 0, SERVING)).length < 10_000);
  // nothing but what is listed is kept, whatever comes along
  const more = { event: 'first_start', secret: 'x' } as LoggedEvent;
  assert.deepEqual(eventEntry(more, 0, SERVING).fields['details'], {});
  const times = eventEntry({ event: 'clock_fell_back', seen: 1_000, verified: 0 }, 0, SERVING);
  assert.deepEqual(times.fields['details'], {
    seen: '1970-01-01T00:00:01.000Z',
    verified: '1970-01-01T00:00:00.000Z',
  });
});

type EventMembers = {
  readonly [Event in AuditEvent as Event['event']]: Readonly<Record<Exclude<keyof Event, 'event'>, true>>;
};

test('the log knows every event that there can be, with all its fields, and no others', () => {
  // the compiler holds this against what can happen
  const members: EventMembers = {
    first_start: {},
    activated: { org: true, source: true, from: true, to: true, by: true, reason: true, ticket: true },
    state_mismatch: { message: true },
    mark_repaired: { revision: true },
    clock_fell_back: { seen: true, verified: true },
    reconfigured: { changed: true },
    reset: { org: true, revision: true, governed: true, uid: true, pid: true },
  };
  const asLogged = (event: AuditEvent): LoggedEvent => event;
  assert.equal(asLogged({ event: 'first_start' }).event, 'first_start');
  const namesOf = (fields: Readonly<Record<string, object>>): [string, string[]][] =>
    Object.entries(fields).map(([name, details]) => [name, Object.keys(details)]);
  assert.deepEqual(namesOf(EVENT_FIELDS), namesOf(members));
});

test('docs/decision-log.md lists every event with its fields', () => {
  const page = readFileSync(new URL('../../docs/decision-log.md', import.meta.url), 'utf8');
  const section = /## Events\n([\s\S]*?)\n## /.exec(page)?.[1] ?? '';
  const listed = [...section.matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)].map(([, name, fields = '']) => [
    name,
    [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => field),
  ]);
  assert.deepEqual(
    listed,
    Object.entries(EVENT_FIELDS).map(([name, fields]) => [name, Object.keys(fields)]),
  );
});
