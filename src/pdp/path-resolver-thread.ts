import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { LookupReply, LookupRequest } from './path-lookup.ts';

/** One thread that looks at the disk; it may never come back from there. */
export interface ResolverThread {
  /** It has loaded and takes questions. */
  readonly ready: () => boolean;
  readonly post: (request: LookupRequest) => void;
  /** Hands over at once what has been answered and not been delivered yet; whether there was anything. */
  readonly drain: () => boolean;
  /** Ends it as soon as it is back in JavaScript; resolves then. */
  readonly end: () => Promise<void>;
}

export interface ThreadEvents {
  /** `ready` first, then one reply for each question, in their order. */
  readonly onReply: (reply: LookupReply) => void;
  /** It is gone: ended, or broken down. */
  readonly onExit: () => void;
}

export function startResolverThread(entry: URL, { onReply, onExit }: ThreadEvents): ResolverThread {
  const { port1: port, port2: theirs } = new MessageChannel();
  const worker = new Worker(entry, { workerData: { port: theirs }, transferList: [theirs] });
  let ready = false;
  const deliver = (reply: LookupReply): void => {
    if (reply.kind === 'ready') ready = true;
    onReply(reply);
  };
  port.on('message', deliver);
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
    post: (request) => port.postMessage(request),
    drain: () => {
      let any = false;
      for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
        any = true;
        deliver(got.message as LookupReply);
      }
      return any;
    },
    end: async () => {
      await worker.terminate();
    },
  };
}
