import { Worker } from 'node:worker_threads';
import type { LocalFileReading } from '../../schema/local-file.ts';

const PARSE_DEADLINE_MS = 10_000;
const HEAP_MB = 256;

/** Parses rule files away from the decision path. One file at a time; a file that takes too long is broken. */
export class LocalFileParser {
  #worker: Worker | null = null;

  async parse(text: string): Promise<LocalFileReading> {
    const worker = this.#started();
    const reading = await answerOf(worker, text);
    if (reading !== null) return reading;
    await this.close();
    return { kind: 'invalid', message: 'takes too long or too much memory to parse' };
  }

  /** Ends the worker, if there is one; the next `parse` starts another. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #started(): Worker {
    // the emitted files end in .js, and no compiler rewrites a URL
    const file = import.meta.url.endsWith('.ts') ? './parse-worker.ts' : './parse-worker.js';
    this.#worker ??= startWorker(new URL(file, import.meta.url));
    return this.#worker;
  }
}

function startWorker(entry: URL): Worker {
  const worker = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } });
  // for good: one that runs out of memory while it is being ended must not become an uncaught exception
  worker.on('error', () => undefined);
  return worker;
}

function answerOf(worker: Worker, text: string): Promise<LocalFileReading | null> {
  return new Promise((resolve) => {
    const answered = (reading: LocalFileReading): void => finish(reading);
    const failed = (): void => finish(null);
    const finish = (reading: LocalFileReading | null): void => {
      clearTimeout(deadline);
      worker.off('message', answered).off('error', failed).off('exit', failed);
      resolve(reading);
    };
    const deadline = setTimeout(failed, PARSE_DEADLINE_MS);
    worker.on('message', answered).on('error', failed).on('exit', failed).postMessage(text);
  });
}
