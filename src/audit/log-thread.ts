import { Worker } from 'node:worker_threads';
import type { WriterReply, WriterRequest, WriterStart } from './log-messages.ts';

/** The writer's thread. It never keeps the process alive: whoever waits for it has a timer. */
export interface LogThread {
  readonly post: (request: WriterRequest, transfer?: readonly ArrayBuffer[]) => void;
  /** Ends it; a write that hangs in the system is not waited for here. */
  readonly end: () => Promise<void>;
}

export interface LogThreadEvents {
  readonly onReply: (reply: WriterReply) => void;
  /** It is gone, with everything that it had been given and not answered. */
  readonly onExit: (message: string) => void;
}

/** Runs from the `.ts` sources and from the built `.js` alike: the thread's file has this file's extension. */
export const WRITER_ENTRY = new URL(
  `./log-writer-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

/** A page, its texts and its rows, twice over. */
const MAX_HEAP_MB = 128;

export function startLogThread(entry: URL, start: WriterStart, { onReply, onExit }: LogThreadEvents): LogThread {
  const worker = new Worker(entry, { workerData: start, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
  let message = 'the writer ended';
  worker.on('message', onReply);
  worker.on('error', (error: unknown) => {
    message = error instanceof Error ? error.message : String(error);
  });
  worker.on('exit', () => onExit(message));
  worker.unref();
  return {
    post: (request, transfer = []) => worker.postMessage(request, transfer),
    end: async () => {
      await worker.terminate();
    },
  };
}
