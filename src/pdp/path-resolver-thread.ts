import { MessageChannel, Worker } from 'node:worker_threads';
import { AskingLane, type Delivery, type LaneEnds, laneMemory } from './path-lane.ts';
import type { LookupReply, LookupRequest } from './path-lookup.ts';

/** One thread that looks at the disk; it may never come back from there. */
export interface ResolverThread {
  /** It has loaded and takes questions. */
  readonly ready: () => boolean;
  readonly post: (request: LookupRequest) => void;
  /** Posts it, and holds this thread for an answer so long; null = it comes later, as the others do. */
  readonly ask: (request: LookupRequest, ms: number) => LookupReply | null;
  /** Tells at once what has happened and has not been told yet; whether there was anything. */
  readonly drain: () => boolean;
  /** Ends it as soon as it is back in JavaScript; resolves then. */
  readonly end: () => Promise<void>;
}

export interface ThreadEvents {
  /** Once, before the first reply. */
  readonly onReady: () => void;
  /** One for each question, in their order. */
  readonly onReply: (reply: LookupReply) => void;
  /** It is gone: ended, or broken down. */
  readonly onExit: () => void;
}

/** What the thread is started with. */
export interface ResolverStart extends LaneEnds {
  /** Of `ForeignMounts`. */
  readonly foreign: SharedArrayBuffer;
}

export function startResolverThread(
  entry: URL,
  foreign: SharedArrayBuffer,
  { onReady, onReply, onExit }: ThreadEvents,
): ResolverThread {
  const { port1: port, port2: theirs } = new MessageChannel();
  const memory = laneMemory();
  const workerData: ResolverStart = { port: theirs, memory, foreign };
  const worker = new Worker(entry, { workerData, transferList: [theirs] });
  const lane = new AskingLane({ port, memory });
  let ready = false;
  const drain = (): boolean => {
    let any = !ready && lane.loaded;
    if (any) {
      ready = true;
      onReady();
    }
    for (let reply = lane.next(); reply !== null; reply = lane.next()) {
      any = true;
      onReply(reply);
    }
    return any;
  };
  port.on('message', (delivery: Delivery) => {
    lane.keep(delivery);
    drain();
  });
  // `exit` follows; without a listener an error would be an uncaught exception
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    port.close();
    onExit();
  });
  // a lookup is kept alive by its deadline; an idle or lost thread must not keep the process
  port.unref();
  worker.unref();
  return {
    ready: () => ready,
    post: (request) => lane.post(request),
    ask: (request, ms) => lane.ask(request, ms),
    drain,
    end: async () => {
      await worker.terminate();
    },
  };
}
