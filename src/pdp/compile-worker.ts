import { Worker } from 'node:worker_threads';
import { CodedError, messageOf } from '../base/coded-error.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import type { Compilation } from '../policy/snapshot.ts';
import { COMPILE_DEADLINE_MS } from '../schema/limits.ts';

export type CompileErrorCode = 'compile_failed' | 'compile_timeout' | 'worker_lost' | 'worker_closed';

export class CompileError extends CodedError<CompileErrorCode> {}

export type CompileReply =
  | { readonly kind: 'compiled'; readonly policy: Compilation }
  | { readonly kind: 'failed'; readonly message: string };

/** Compiles off the main thread, one set at a time, in the order of the calls. */
export interface CompileWorker {
  compileInWorker(set: PolicySet): Promise<Compilation>;
  close(): Promise<void>;
}

export interface CompileWorkerOptions {
  readonly deadlineMs?: number;
  /** What the worker runs; a test hands in one that breaks. */
  readonly entry?: URL;
}

/** Runs from the `.ts` sources and from the built `.js` alike: the thread's file has this file's extension. */
const ENTRY = new URL(
  `./compile-worker-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

export function createCompileWorker(options: CompileWorkerOptions = {}): CompileWorker {
  let worker: Worker | null = null;
  let closed = false;
  let queue: Promise<unknown> = Promise.resolve();

  const discard = async (): Promise<void> => {
    const old = worker;
    worker = null;
    await old?.terminate();
  };
  const compileNow = async (set: PolicySet): Promise<Compilation> => {
    if (closed) throw new CompileError('worker_closed', 'the compiler has been closed');
    worker ??= startWorker(options.entry ?? ENTRY);
    try {
      return await exchange(worker, set, options.deadlineMs ?? COMPILE_DEADLINE_MS);
    } catch (error) {
      // whatever is left of it may hold half of a set: the next one starts clean
      if (!(error instanceof CompileError && error.code === 'compile_failed')) await discard();
      throw error;
    }
  };
  return {
    compileInWorker(set) {
      const result = queue.then(() => compileNow(set));
      queue = result.catch(() => undefined);
      return result;
    },
    async close() {
      closed = true;
      await discard();
      await queue;
    },
  };
}

function startWorker(entry: URL): Worker {
  const worker = new Worker(entry);
  // an idle compiler must not keep the process alive
  worker.unref();
  // for good: an error between two exchanges must not become an uncaught exception
  worker.on('error', () => undefined);
  return worker;
}

function exchange(worker: Worker, set: PolicySet, deadlineMs: number): Promise<Compilation> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('messageerror', onError).off('exit', onExit);
      worker.unref();
      finish();
    };
    const fail = (code: CompileErrorCode, message: string): void =>
      settle(() => reject(new CompileError(code, message)));
    const onMessage = (reply: CompileReply): void => {
      if (reply.kind === 'compiled') settle(() => resolve(reply.policy));
      else fail('compile_failed', `the policy could not be compiled: ${reply.message}`);
    };
    const onError = (error: unknown): void => fail('worker_lost', `the compiler broke down: ${messageOf(error)}`);
    const onExit = (): void => fail('worker_lost', 'the compiler ended before it answered');
    const timer = setTimeout(() => fail('compile_timeout', `compiling took longer than ${deadlineMs} ms`), deadlineMs);
    worker.ref();
    worker.on('message', onMessage).on('error', onError).on('messageerror', onError).on('exit', onExit);
    worker.postMessage(set);
  });
}
