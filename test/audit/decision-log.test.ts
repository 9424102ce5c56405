import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PAGE_RECORDS } from '../../src/audit/decision-page.ts';
import {
  answerText,
  denialText,
  find,
  hostsOf,
  openLog,
  PEER,
  temporaryDirectory,
  until,
  verdictOn,
} from './log-support.ts';

/** A thread that runs `source` instead of the writer. */
function entry(t: TestContext, source: string): URL {
  const path = join(temporaryDirectory(t), 'thread.mjs');
  writeFileSync(path, `import { parentPort, workerData } from 'node:worker_threads';\n${source}`);
  return pathToFileURL(path);
}

/** Takes pages and gives none back. */
const SILENT = 'parentPort.on("message", () => {});';

test('a decision is in the log, with who asked and for whom', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path);
  log.record(
    PEER,
    { action: 'connect:tcp', host: 'a.example', sandbox: 'sbx-1', labels: { team: 'x' } },
    answerText('a.example'),
  );
  const { records, head, file } = await find(log, { type: 'decision' });
  assert.equal(file, path);
  assert.equal(records.length, 1);
  const { at, id, ...record } = records[0] ?? {};
  assert.match(String(at), /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
  assert.deepEqual([id, head.id], [3, 3]);
  assert.deepEqual(record, {
    type: 'decision',
    decision: 'allow',
    kind: 'explicit',
    code: 'org_allow',
    reason: 'connect:tcp to a.example:443 is allowed by `*.example` (organisation policy “Egress”, rule “all”)',
    revision: 'sha256:abc',
    generation: 3,
    ip_checked: false,
    rule: { id: 'rule_a', name: 'all', policy: 'pol_a', origin: 'org', resource: '*.example' },
    request: { action: 'connect:tcp', host: 'a.example', port: 443 },
    peer: PEER,
    sandbox: 'sbx-1',
    labels: { team: 'x' },
  });
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('nothing is opened before the first decision', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await log.close();
  assert.equal(existsSync(path), false);
});

test('pages are written by themselves, and the counts add up', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path);
  for (let number = 0; number < 20; number += 1) {
    log.record(PEER, null, answerText(`h${number}.example`));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await until(() => log.state().written === 20);
  const { recorded, dropped, lost, queued, lastError, head } = log.state();
  assert.deepEqual(
    { recorded, dropped, lost, queued, lastError },
    { recorded: 20, dropped: 0, lost: 0, queued: 0, lastError: null },
  );
  const verdict = verdictOn(path);
  assert.ok(verdict.kind === 'intact');
  assert.deepEqual(verdict.head, head);
});

test('what has no room is dropped, counted, and a record of its own in the chain', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path);
  const offered = PAGE_RECORDS + 500;
  for (let number = 0; number < offered; number += 1) log.record(PEER, null, answerText('flood.example'));
  const { dropped } = log.state();
  assert.ok(dropped >= 500, `${dropped} dropped`);
  log.record({ ...PEER, uid: null }, null, answerText('late.example'));
  const { records } = await find(log, { type: 'gap' });
  assert.equal(records.length, 1);
  const gap = records[0] ?? {};
  assert.deepEqual(
    [gap['dropped'], gap['dropped_denials'], gap['lost'], gap['revision'], gap['generation']],
    [dropped + 1, 0, 0, 'sha256:abc', 3],
  );
  assert.deepEqual(gap['dropped_by'], [
    { uid: 1000, count: dropped },
    { uid: null, count: 1 },
  ]);
  const { recorded, written, dropped: all } = log.state();
  assert.equal(written + all, recorded);
  assert.equal(verdictOn(path).kind, 'intact');
});

test('a denial finds room where a flood of what is allowed does not', async (t) => {
  const log = openLog(t, join(temporaryDirectory(t), 'log.db'));
  for (let number = 0; number < PAGE_RECORDS; number += 1) log.record(PEER, null, answerText('flood.example'));
  log.record(PEER, null, denialText('hidden.example'));
  assert.deepEqual(hostsOf((await find(log, { decision: 'deny' })).records), ['hidden.example']);
});

test('a gap is shown whatever is searched for', async (t) => {
  const log = openLog(t, join(temporaryDirectory(t), 'log.db'));
  for (let number = 0; number < PAGE_RECORDS; number += 1) log.record(PEER, null, answerText('flood.example'));
  const { records } = await find(log, { host: 'nowhere.example' });
  assert.deepEqual(
    records.map(({ type }) => type),
    ['gap'],
  );
});

test('long requests drop by bytes, and memory stays where it is', (t) => {
  const log = openLog(t, join(temporaryDirectory(t), 'log.db'), { entry: entry(t, SILENT) });
  const long = answerText('x'.repeat(60_000));
  for (let number = 0; number < 200; number += 1) log.record(PEER, { sandbox: 'y'.repeat(60_000) }, long);
  const { queued, dropped } = log.state();
  assert.ok(queued > 10 && queued < 110, `${queued} queued`);
  assert.equal(queued + dropped, 200);
});

test('a slow disk costs records and never a caller', async (t) => {
  const log = openLog(t, join(temporaryDirectory(t), 'log.db'), { entry: entry(t, SILENT), closeMs: 50 });
  const started = performance.now();
  for (let round = 0; round < 4; round += 1) {
    for (let number = 0; number < PAGE_RECORDS; number += 1) log.record(PEER, null, answerText('a.example'));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok(performance.now() - started < 5_000);
  const { queued, dropped, recorded } = log.state();
  assert.ok(queued <= 2 * PAGE_RECORDS);
  assert.equal(queued + dropped, recorded);
});

test('a restart goes on with the chain, and says that it was one', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  for (const host of ['one.example', 'two.example']) {
    const log = openLog(t, path);
    log.record(PEER, null, answerText(host));
    await log.close();
  }
  const log = openLog(t, path);
  log.record(PEER, null, answerText('three.example'));
  const { records } = await find(log, { after: 0 });
  assert.deepEqual(
    records.map(({ type }) => type),
    ['begin', 'start', 'decision', 'stop', 'start', 'decision', 'stop', 'start', 'decision'],
  );
  assert.deepEqual(
    records.map(({ id }) => id),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.deepEqual([records[4]?.['revision'], records[4]?.['generation']], ['sha256:abc', 3]);
  assert.equal(verdictOn(path).kind, 'intact');
});

test('a writer that dies takes along what it had, and the count of that is told', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const writer = new URL('../../src/audit/log-writer-thread.ts', import.meta.url).href;
  // dies with its first page, and is itself from the second time on
  const dying = `import { existsSync, writeFileSync } from 'node:fs';
    const mark = workerData.path + '.died';
    if (existsSync(mark)) await import(${JSON.stringify(writer)});
    else parentPort.on('message', () => { writeFileSync(mark, ''); process.exit(1); });`;
  const troubles: (string | null)[] = [];
  const log = openLog(t, path, { entry: entry(t, dying), onTrouble: (message) => troubles.push(message) });
  log.record(PEER, null, answerText('lost.example'));
  await until(() => log.state().lost === 1);
  log.record(PEER, null, answerText('kept.example'));
  await until(() => log.state().written === 1);
  const { records } = await find(log, { after: 0 });
  assert.deepEqual(hostsOf(records), ['kept.example']);
  const gap = records.find(({ type }) => type === 'gap');
  assert.deepEqual([gap?.['lost'], gap?.['dropped']], [1, 0]);
  assert.deepEqual([troubles.length, troubles[1], log.state().failing], [2, null, false]);
  assert.match(troubles[0] ?? '', /the writer of the decision log broke down/);
});

test('a path where no log can be touches no caller, and is told once', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'log.db');
  mkdirSync(path);
  const troubles: (string | null)[] = [];
  const log = openLog(t, path, { onTrouble: (message) => troubles.push(message) });
  log.record(PEER, null, answerText('a.example'));
  await until(() => log.state().lastError !== null);
  assert.match(troubles[0] ?? '', /cannot open `.*log\.db`/);
  assert.deepEqual([log.state().queued, log.state().lost, log.state().failing], [1, 0, true]);
  const answer = await log.query({ filter: {}, since: 0, until: 1, before: null, after: null, limit: 1 });
  assert.equal(answer.kind, 'unavailable');
  rmSync(path, { recursive: true });
  // the page was kept, and is written once that works
  await until(() => log.state().written === 1);
  assert.deepEqual([troubles.length, troubles[1]], [2, null]);
  assert.deepEqual(hostsOf((await find(log)).records), ['a.example']);
});

test('a file in the place of the directory is the same', async (t) => {
  const file = join(temporaryDirectory(t), 'file');
  writeFileSync(file, '');
  const log = openLog(t, join(file, 'log.db'));
  log.record(PEER, null, answerText('a.example'));
  await until(() => log.state().lastError !== null);
  const started = performance.now();
  await log.close();
  assert.ok(performance.now() - started < 1_500);
});

test('a log that was removed under the daemon begins anew', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path);
  log.record(PEER, null, answerText('one.example'));
  await until(() => log.state().written === 1);
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  log.record(PEER, null, answerText('two.example'));
  await until(() => log.state().written === 2);
  const { records } = await find(log, { after: 0 });
  assert.deepEqual(
    records.map(({ type }) => type),
    ['begin', 'start', 'decision'],
  );
});

test('closing writes what waits, takes no more than its time, and happens once', async (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const log = openLog(t, path, { batchMs: 60_000 });
  for (const host of ['a.example', 'b.example']) log.record(PEER, null, answerText(host));
  await Promise.all([log.close(), log.close()]);
  assert.equal(log.state().written, 2);
  assert.equal(log.lostThreads(), 0);
  assert.equal(
    (await log.query({ filter: {}, since: 0, until: 1, before: null, after: null, limit: 1 })).kind,
    'unavailable',
  );
  const hanging = openLog(t, path, { entry: entry(t, SILENT), closeMs: 200 });
  hanging.record(PEER, null, answerText('c.example'));
  const started = performance.now();
  await hanging.close();
  const took = performance.now() - started;
  assert.ok(took >= 190 && took < 3_000, `${took} ms`);
});

test('the log never keeps the process alive', (t) => {
  const path = join(temporaryDirectory(t), 'log.db');
  const module = new URL('../../src/audit/decision-log.ts', import.meta.url).href;
  const script = join(temporaryDirectory(t), 'script.mjs');
  writeFileSync(
    script,
    `import { startDecisionLog } from ${JSON.stringify(module)};
    const log = startDecisionLog({ path: ${JSON.stringify(path)}, batchMs: 1 });
    log.record({ uid: 0, gid: 0, pid: 1 }, null, '{"decision":"allow"}');
    for (let round = 0; round < 200 && log.state().written === 0; round += 1) await new Promise((resolve) => setTimeout(resolve, 25));
    log.record({ uid: 0, gid: 0, pid: 1 }, null, '{"decision":"allow"}');
    console.log(log.state().written);`,
  );
  const written = execFileSync(process.execPath, ['--no-warnings', script], { timeout: 8_000, encoding: 'utf8' });
  assert.equal(written, '1\n');
});

test('a text that is no answer is not kept, and shows as lost', async (t) => {
  const log = openLog(t, join(temporaryDirectory(t), 'log.db'));
  log.record(PEER, null, 'no JSON');
  log.record(PEER, null, answerText('a.example'));
  await until(() => log.state().written === 1);
  assert.equal(log.state().lost, 1);
  await until(() => log.state().head?.id === 4);
  assert.equal((await find(log, { type: 'gap' })).records[0]?.['lost'], 1);
});
