import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { CodedError, messageOf } from '../../base/coded-error.ts';
import type { Answers, Ask, FromPolicyThread, ToPolicyThread } from './policy-messages.ts';

/** What the policy thread could not do, with the code that it gave; `policy_thread_lost` where it is gone. */
export class PolicyThreadError extends CodedError<string> {}

/** What a policy thread tells without being asked. */
export interface PolicyThreadEvents {
  /** Returns the generation as which it serves from now on. */
  readonly onPublish: (publication: Extract<FromPolicyThread, { kind: 'publish' }>['publication']) => number;
  readonly onFacts: (facts: Extract<FromPolicyThread, { kind: 'facts' }>['facts']) => void;
  readonly onLog: (line: Extract<FromPolicyThread, { kind: 'log' }>) => void;
  readonly onAudit: (event: Extract<FromPolicyThread, { kind: 'audit' }>['event']) => void;
  /** It is gone, or was given up; told once, and not after `end`. */
  readonly onDeath: (cause: string) => void;
}

/** Runs from the `.ts` sources and from the built `.js` alike: the thread's file has this file's extension. */
const ENTRY = new URL(
  `../policy-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

/** Begins to load what a policy thread runs; it does nothing until it is asked. */
export function loadPolicyThread(entry: URL = ENTRY): Worker {
  const worker = new Worker(entry, { name: 'policy' });
  // for good: one that breaks before or after anybody listens must not become an uncaught exception
  worker.on('error', () => undefined);
  return worker;
}

/** What a thread that has ended is called. */
const GONE = -1;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: PolicyThreadError) => void;
}

/** One policy thread, from its start to its end, as the main thread sees it. */
export class PolicyThread {
  readonly #events: PolicyThreadEvents;
  readonly #worker: Worker;
  readonly #pulse = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  /** Why it is of no use any more; null = it is. */
  #over: string | null = null;
  #gone = false;
  #heard = { pulse: 0, silentTicks: 0 };

  constructor(events: PolicyThreadEvents, worker: Worker) {
    this.#events = events;
    this.#worker = worker;
    this.#worker.on('message', (message: FromPolicyThread) => this.#onMessage(message));
    this.#worker.on('messageerror', (error) => this.#die(`a message of it was lost: ${messageOf(error)}`));
    this.#worker.on('error', (error) => this.#die(messageOf(error)));
    this.#worker.on('exit', (code) => {
      this.#gone = true;
      this.#die(`it ended with code ${code}`);
    });
    if (worker.threadId === GONE) {
      this.#gone = true;
      this.#over = 'it could not be loaded';
    }
  }

  /** It was ended and is not: stuck in a system call, its own or one of its threads'. */
  get stuck(): boolean {
    return this.#over !== null && !this.#gone;
  }

  /** Rejects with a `PolicyThreadError`. */
  ask<K extends Ask['kind']>(ask: Extract<Ask, { kind: K }>): Promise<Answers[K]> {
    const over = this.#over;
    if (over !== null) return Promise.reject(lost(over));
    this.#asked += 1;
    const id = this.#asked;
    const answered = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#send({ kind: 'ask', id, ask });
    return answered as Promise<Answers[K]>;
  }

  /** Null where it could not, or is too busy to say so within `ms`. */
  async askInTime<K extends Ask['kind']>(ask: Extract<Ask, { kind: K }>, ms: number): Promise<Answers[K] | null> {
    const patience = new AbortController();
    const late = sleep(ms, null, { signal: patience.signal }).catch(() => null);
    try {
      return await Promise.race([this.ask<K>(ask).catch(() => null), late]);
    } finally {
      patience.abort();
    }
  }

  /** Everything that the thread needs to know first. */
  start(config: Extract<Ask, { kind: 'start' }>['config']): Promise<null> {
    return this.ask({ kind: 'start', config, pulse: this.#pulse });
  }

  /** To be called once a second: gives a thread up that has not been heard of for so many calls. */
  tick(patience: number): void {
    const pulse = Atomics.load(this.#pulse, 0);
    const silentTicks = pulse === this.#heard.pulse ? this.#heard.silentTicks + 1 : 0;
    this.#heard = { pulse, silentTicks };
    if (silentTicks < patience) return;
    this.#die(`it has not been heard of for ${silentTicks} s`);
  }

  /** Closes what it holds in good order, unless it is too busy for that, and ends it. One that hangs is not waited for. */
  async close(ms: number): Promise<void> {
    // it cannot end while one of its own threads is stuck; whoever asks for `stuck` knows what to do
    const wasStuck = this.stuck;
    const closed = await this.askInTime({ kind: 'close' }, ms);
    const ended = this.end();
    if (!wasStuck && (closed === null || closed.lost === 0)) await ended;
  }

  /** Ends it; resolves once it is gone, never if something in it hangs. */
  async end(): Promise<void> {
    this.#over ??= 'it was closed';
    this.#rejectAll(this.#over);
    await this.#worker.terminate();
  }

  #onMessage(message: FromPolicyThread): void {
    if (this.#over !== null) return;
    switch (message.kind) {
      case 'publish':
        this.#send({ kind: 'published', generation: this.#events.onPublish(message.publication) });
        return;
      case 'facts':
        this.#events.onFacts(message.facts);
        return;
      case 'log':
        this.#events.onLog(message);
        return;
      case 'audit':
        this.#events.onAudit(message.event);
        return;
      case 'answer':
        this.#take(message.id)?.resolve(message.value);
        return;
      case 'refusal':
        this.#take(message.id)?.reject(new PolicyThreadError(message.code, message.message));
    }
  }

  #send(message: ToPolicyThread): void {
    this.#worker.postMessage(message);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #die(cause: string): void {
    if (this.#over !== null) return;
    this.#over = cause;
    this.#rejectAll(cause);
    void this.#worker.terminate();
    this.#events.onDeath(cause);
  }

  #rejectAll(cause: string): void {
    for (const { reject } of this.#waiting.values()) reject(lost(cause));
    this.#waiting.clear();
  }
}

function lost(cause: string): PolicyThreadError {
  return new PolicyThreadError('policy_thread_lost', `the thread that makes policies is gone: ${cause}`);
}

export interface Refusal {
  readonly kind: 'failed';
  readonly code: string;
  readonly message: string;
}

/** Why something that was asked for is not to be had at the moment. */
export function refusalOf(error: unknown): Refusal {
  const code = error instanceof PolicyThreadError ? error.code : 'internal';
  return { kind: 'failed', code, message: messageOf(error) };
}
