import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { startEval } from './eval-process.ts';
import { grade, isTimed, layOut, needsDisk, readSharedVectors, toCase } from './shared-vectors.ts';

/** Kept beside the project, not in it. */
const DIRECTORY = new URL('../../../shared/vectors/', import.meta.url);
const MISSING = existsSync(DIRECTORY) ? false : '../shared/vectors is not there';
const LIMIT_MS = 50;
const OVER_BLOCK_SHARE = 0.01;

const vectors = (name: string) => readSharedVectors(new URL(name, DIRECTORY));

describe('shared decision vectors through the real command line', { skip: MISSING }, () => {
  for (const file of ['network.jsonl', 'filesystem.jsonl']) {
    test(`${file}: nothing gets by, and next to nothing is blocked in vain`, { timeout: 120_000 }, async (t) => {
      const all = vectors(file);
      const plain = all.filter((vector) => !needsDisk(vector));
      const onDisk = all.filter(needsDisk).map((vector) => layOut(t, vector));
      const answers = [
        ...(await startEval(t).askAll(plain.map(toCase))),
        ...(onDisk.length === 0 ? [] : await startEval(t, '--fs').askAll(onDisk.map(toCase))),
      ];
      assert.equal(answers.length, all.length);
      const { bypasses, overBlocks, allowLines } = grade([...plain, ...onDisk], answers);
      for (const line of overBlocks) t.diagnostic(`over-block: ${line}`);
      t.diagnostic(
        `${all.length} lines, ${bypasses.length} bypasses, ${overBlocks.length} of ${allowLines} over-blocked`,
      );
      assert.deepEqual(bypasses, []);
      assert.ok(overBlocks.length <= allowLines * OVER_BLOCK_SHARE, `${overBlocks.length} over-blocks`);
    });
  }

  test(`hostile patterns and paths are answered within ${LIMIT_MS} ms`, { timeout: 60_000 }, async (t) => {
    const timed = [...vectors('network.jsonl'), ...vectors('filesystem.jsonl')].filter(isTimed);
    assert.ok(timed.length > 0, 'there are such lines');
    const running = startEval(t);
    // the first answers pay for starting up and for compiling the code
    for (const vector of vectors('filesystem.jsonl').slice(0, 100)) await running.ask(toCase(vector));
    for (const vector of timed) {
      const start = performance.now();
      await running.ask(toCase(vector));
      const took = performance.now() - start;
      assert.ok(took <= LIMIT_MS, `${vector.id} took ${took.toFixed(1)} ms`);
    }
  });
});
