import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../base/coded-error.ts';
import type { WriterReply, WriterRequest, WriterStart } from './log-messages.ts';
import { LogWriter } from './log-writer.ts';

// The thread's whole life: pages in, rows out. It alone waits for the disk of the log.
const NICENESS = 5;
const writer = new LogWriter(workerData as WriterStart);
stepBack();

/** Between two steps of pruning others get their turn: pages, searches. */
const PRUNE_PAUSE_MS = 200;
let pruning: NodeJS.Timeout | null = null;

parentPort?.on('message', (request: WriterRequest) => {
  switch (request.kind) {
    case 'page':
      reply(written(request), [request.page]);
      pruneSoon(0);
      return;
    case 'query':
      reply({ kind: 'found', number: request.number, answer: writer.search(request.query) });
      return;
    case 'retention':
      writer.retain(request.retention);
      pruneSoon(0);
      return;
    case 'close':
      if (pruning !== null) clearTimeout(pruning);
      reply(closed(request.at));
      parentPort?.close();
  }
});

/** Where processors are scarce the log waits, and not an answer. Only Linux takes this for the calling thread alone. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(NICENESS);
  } catch {
    // a sandbox forbids it: then they share alike
  }
}

function written(request: WriterRequest & { kind: 'page' }): WriterReply {
  const { page } = request;
  try {
    return { kind: 'written', page, ...writer.write(request) };
  } catch (error) {
    return { kind: 'failed', page, message: messageOf(error) };
  }
}

function closed(at: number): WriterReply {
  try {
    writer.close(at);
  } catch {
    // a log that cannot be closed well misses its `stop`: the next `start` shows that
  }
  return { kind: 'closed' };
}

function pruneSoon(ms: number): void {
  pruning ??= setTimeout(() => {
    pruning = null;
    try {
      if (writer.prune(Date.now())) pruneSoon(PRUNE_PAUSE_MS);
    } catch {
      // the next page meets the same trouble and tells it
    }
  }, ms);
}

function reply(message: WriterReply, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}
