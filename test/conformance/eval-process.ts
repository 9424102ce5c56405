import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from './vector.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Lines end at `\n` alone: `node:readline` would also cut at U+2028, which JSON strings may hold as it is. */
async function* linesOf(stream: Readable): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** A running `reeve eval`: asks one line at a time, or all of them at once. */
export interface EvalProcess {
  readonly ask: (question: JsonObject) => Promise<JsonObject>;
  /** Answers in the order of the questions; the process has ended well afterwards. */
  readonly askAll: (questions: readonly JsonObject[]) => Promise<readonly JsonObject[]>;
}

export function startEval(t: TestContext, ...options: readonly string[]): EvalProcess {
  const child = spawn(process.execPath, [MAIN, 'eval', ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const lines = linesOf(child.stdout);
  const read = async (): Promise<JsonObject> => {
    const next = await lines.next();
    assert.ok(next.done !== true, 'the process ended before it had answered');
    return JSON.parse(next.value) as JsonObject;
  };
  const write = (question: JsonObject): void => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
  };
  return {
    ask: async (question) => {
      write(question);
      return await read();
    },
    askAll: async (questions) => {
      for (const question of questions) write(question);
      child.stdin.end();
      const answers: JsonObject[] = [];
      for (const question of questions) {
        const answer = await read();
        assert.equal(answer['id'], question['id'], 'answers come in the order of the questions');
        answers.push(answer);
      }
      const [code] = (await closed) as [number | null];
      assert.equal(code, 0);
      return answers;
    },
  };
}
