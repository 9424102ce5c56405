import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type CompileWorker, type CompileWorkerOptions, createCompileWorker } from '../../src/pdp/compile-worker.ts';
import { compile } from '../../src/policy/compile.ts';
import { emptySet } from '../support/policy-sets.ts';

function worker(t: TestContext, options: CompileWorkerOptions = {}): CompileWorker {
  const made = createCompileWorker(options);
  t.after(() => made.close());
  return made;
}

/** A thread that runs `source` instead of the compiler. */
function entry(t: TestContext, source: string): URL {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-worker-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'thread.mjs');
  writeFileSync(path, `import { parentPort } from 'node:worker_threads';\n${source}`);
  return pathToFileURL(path);
}

const SET = emptySet({
  revision: 'one',
  policies: [
    {
      id: 'pol_a',
      name: 'a',
      org: 'acme',
      allowlist_v0: { rules: [{ id: 'r', decision: 'allow', actions: ['connect:tcp'], resources: ['a.example'] }] },
    },
  ],
});

test('what comes out of the worker is what the compiler makes', async (t) => {
  assert.deepEqual(await worker(t).compileInWorker(SET), compile(SET));
});

test('several sets are compiled one after the other, each for its own caller', async (t) => {
  const made = worker(t);
  const revisions = ['a', 'b', 'c'].map((revision) => made.compileInWorker({ ...SET, revision }));
  assert.deepEqual(
    (await Promise.all(revisions)).map((policy) => policy.revision),
    ['a', 'b', 'c'],
  );
});

test('a worker that dies is a rejection, and the next set gets a new one', async (t) => {
  const source = `parentPort.on('message', (set) => {
    if (set.revision === 'exit') process.exit(3);
    if (set.revision === 'throw') throw new Error('broken inside');
    parentPort.postMessage({ kind: 'compiled', policy: { revision: set.revision } });
  });`;
  const made = worker(t, { entry: entry(t, source) });
  const results = ['exit', 'one', 'throw', 'two'].map((revision) =>
    made.compileInWorker({ ...SET, revision }).then(
      (policy) => policy.revision,
      (error: unknown) => (error as { code?: unknown }).code,
    ),
  );
  assert.deepEqual(await Promise.all(results), ['worker_lost', 'one', 'worker_lost', 'two']);
});

test('a set that the compiler refuses leaves the worker in place', async (t) => {
  const source = `let seen = 0; parentPort.on('message', (set) => {
    seen += 1;
    parentPort.postMessage(set.revision === 'bad' ? { kind: 'failed', message: 'no' } : { kind: 'compiled', policy: { revision: String(seen) } });
  });`;
  const made = worker(t, { entry: entry(t, source) });
  await assert.rejects(made.compileInWorker({ ...SET, revision: 'bad' }), { code: 'compile_failed', message: /no$/ });
  assert.equal((await made.compileInWorker(SET)).revision, '2');
});

test('a worker that never answers is given up at its deadline', async (t) => {
  const source = "parentPort.on('message', () => { for (;;); });";
  const made = worker(t, { entry: entry(t, source), deadlineMs: 150 });
  await assert.rejects(made.compileInWorker(SET), { code: 'compile_timeout' });
});

test('closing ends the work in progress and takes no more', async (t) => {
  const made = worker(t, { entry: entry(t, "parentPort.on('message', () => {});") });
  const running = assert.rejects(made.compileInWorker(SET), { code: 'worker_lost' });
  await new Promise((resolve) => setImmediate(resolve));
  await made.close();
  await running;
  await assert.rejects(made.compileInWorker(SET), { code: 'worker_closed' });
  await made.close();
});
