import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedPrefix } from '../policy/policy-set.ts';
import type { Resolution } from '../realpath/walk.ts';
import { ForeignMounts } from './foreign-mounts.ts';
import { type Lookup, type LookupAsker, LookupQueue, type NoReply } from './lookup-queue.ts';
import { MAX_POSTED } from './path-lane.ts';
import { type LookupReply, type LookupRequest, PREFIXES_SLICE_MS, type PrefixesReply } from './path-lookup.ts';
import { type PrefixResolution, resolveInChunks } from './path-prefixes.ts';
import { type ResolverThread, startResolverThread } from './path-resolver-thread.ts';

export interface PathResolverOptions {
  /** How long one lookup may take (Paths 2). */
  readonly deadlineMs?: number;
  /** How long a thread may take to load. */
  readonly startMs?: number;
  /** How long the literal prefixes of one policy may take together. */
  readonly prefixesMs?: number;
  /** How many threads may be stuck in a system call before lookups are refused. */
  readonly maxLost?: number;
  /** What the thread runs; a test hands in one that hangs. */
  readonly entry?: URL;
}

export type { PrefixResolution } from './path-prefixes.ts';

/** What a thread that does not come back is looking at; null = it was loading, or idle. */
type StuckIn = { readonly kind: LookupRequest['kind']; readonly path: string } | null;

type PatientAsker = LookupAsker & { readonly mayHold?: false };
type Answer = LookupReply | NoReply;

const CLOSING = 'the daemon is shutting down';
/**
 * How long the calling thread may sleep for one lookup. Most take a fifth of it; through the event loop an
 * answer comes twice as late.
 */
const HOLD_MS = 0.1;
/** After a hold in vain, so many lookups are not held for: a disk that is slow now will be slow then. */
const PATIENT_LOOKUPS = 8;
const NOBODY: PatientAsker = { uid: null, until: Number.POSITIVE_INFINITY };

/** Runs from the `.ts` sources and from the built `.js` alike: the thread's file has this file's extension. */
const ENTRY = new URL(
  `./path-resolver-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

/**
 * Looks at the disk in a thread of its own, so that a mount that hangs takes a thread and not the daemon. A thread past
 * the deadline is abandoned and another one started; nothing can end it before its system call returns. No lookup is
 * shared or remembered, for the disk may have changed between two of them.
 */
export class PathResolver {
  readonly #deadlineMs: number;
  readonly #startMs: number;
  readonly #prefixesMs: number;
  readonly #maxLost: number;
  readonly #entry: URL;
  /** Threads that did not come back, with what they are stuck in. */
  readonly #lost = new Map<ResolverThread, StuckIn>();
  readonly #waiting = new LookupQueue();
  readonly #foreign = new ForeignMounts();
  /** In the order in which the thread answers; the first one is being looked up. */
  readonly #outstanding: Lookup[] = [];
  /** Since when the first one is. */
  #since = 0;
  #thread: ResolverThread | null = null;
  /** How many lookups have to go by before one is held for again. */
  #patient = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PathResolverOptions = {}) {
    this.#deadlineMs = options.deadlineMs ?? 100;
    this.#startMs = options.startMs ?? 5000;
    this.#prefixesMs = options.prefixesMs ?? 10_000;
    this.#maxLost = options.maxLost ?? 8;
    this.#entry = options.entry ?? ENTRY;
  }

  /** Threads that are stuck in a system call. While there is one, the process can end only by SIGKILL to itself. */
  get lost(): number {
    return this.#lost.size;
  }

  /** Lookups without an answer. */
  get waiting(): number {
    return this.#outstanding.length + this.#waiting.size;
  }

  /** Mount points below which nothing is looked up from here on: others see another tree there. */
  avoid(points: readonly string[]): void {
    this.#foreign.set(points);
  }

  /** Loads the thread before the first lookup needs it. */
  start(): void {
    if (!this.#closed && this.#lost.size < this.#maxLost) this.#thread ??= this.#startThread();
  }

  /** Ends the thread if it has nothing to do; the next lookup starts one. Between rare lookups none takes memory. */
  rest(): void {
    const thread = this.#thread;
    if (thread === null || this.#outstanding.length > 0) return;
    this.#thread = null;
    void thread.end();
  }

  /**
   * Where a path as sent really leads (Paths 2). Never rejects. At once if nobody else waits and the disk is quick: for
   * that the calling thread is held for a moment, if the asker says that it may be.
   */
  resolve(sent: string, asker?: PatientAsker): Promise<Resolution>;
  resolve(sent: string, asker: LookupAsker): Resolution | Promise<Resolution>;
  resolve(sent: string, asker: LookupAsker = NOBODY): Resolution | Promise<Resolution> {
    const request = { kind: 'path', path: sent } as const;
    const reply = asker.mayHold === true ? this.#lookAtOnce(request, asker) : this.#look(request, asker);
    return reply instanceof Promise ? reply.then(resolutionOf) : resolutionOf(reply);
  }

  /**
   * Where literal prefixes lead (Paths 7), in chunks so that requests come between. What hangs keeps what was known of
   * it, and may take half of the threads at most: requests need the others. All together take a bounded time: rules of a
   * user that lead through slow links must not hold up everybody's next policy.
   */
  resolvePrefixes(prefixes: readonly string[], known: ReadonlyMap<string, ResolvedPrefix>): Promise<PrefixResolution> {
    const end = performance.now() + this.#prefixesMs;
    return resolveInChunks(prefixes, known, {
      mayLook: () => !this.#closed && performance.now() < end && this.#stuckPrefixes().length < this.#maxLost / 2,
      hangs: (prefix) => this.#lost.size > 0 && this.#stuckPrefixes().includes(prefix),
      look: (paths) => this.#lookAtPrefixes(paths),
    });
  }

  async #lookAtPrefixes(paths: readonly string[]): Promise<PrefixesReply | { kind: 'failed'; at: number }> {
    const progress = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const reply = await this.#look({ kind: 'prefixes', paths, progress }, NOBODY);
    return reply.kind === 'prefixes' ? reply : { kind: 'failed', at: Atomics.load(progress, 0) };
  }

  #stuckPrefixes(): readonly string[] {
    return [...this.#lost.values()].flatMap((stuck) => (stuck?.kind === 'prefixes' ? stuck.path : []));
  }

  /** Ends the thread, and answers what is outstanding. Afterwards `lost` says whether a thread is still stuck. */
  async close(): Promise<void> {
    this.#closed = true;
    const thread = this.#thread;
    if (thread === null) return;
    const ended = this.#abandon(thread, this.#outstanding[0]?.request);
    this.#dismissAll(CLOSING);
    const patience = new AbortController();
    // a stuck thread ends when its disk lets it, perhaps never
    await Promise.race([ended, sleep(this.#deadlineMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
  }

  #look(request: LookupRequest, asker: LookupAsker): Promise<Answer> {
    if (this.#closed) return Promise.resolve({ kind: 'none', reason: CLOSING });
    if (this.#lost.size >= this.#maxLost) return Promise.resolve({ kind: 'none', reason: this.#allLost() });
    return new Promise((settle) => {
      this.start();
      this.#waiting.push({ request, asker, settle });
      this.#feed();
    });
  }

  /** Held for while nothing else is outstanding, so that nobody is overtaken. */
  #lookAtOnce(request: LookupRequest, asker: LookupAsker): Answer | Promise<Answer> {
    const thread = this.#thread;
    if (thread === null || this.#outstanding.length > 0 || !thread.ready()) return this.#look(request, asker);
    if (this.#patient > 0) {
      this.#patient -= 1;
      return this.#look(request, asker);
    }
    const since = performance.now();
    const reply = thread.ask(request, HOLD_MS);
    if (reply !== null) {
      this.#waiting.charge(asker.uid, performance.now() - since);
      return reply;
    }
    this.#patient = PATIENT_LOOKUPS;
    return new Promise((settle) => {
      this.#outstanding.push({ request, asker, settle });
      this.#wait();
    });
  }

  /** Hands the thread what comes next. */
  #feed(): void {
    while (this.#outstanding.length < MAX_POSTED) {
      const lookup = this.#waiting.next();
      if (lookup === null) return;
      this.#outstanding.push(lookup);
      this.#thread?.post(lookup.request);
      if (this.#outstanding.length === 1) this.#wait();
    }
  }

  #allLost(): string {
    return `${this.#lost.size} lookups hang on a disk that does not answer`;
  }

  #startThread(): ResolverThread {
    const thread: ResolverThread = startResolverThread(this.#entry, this.#foreign.memory, {
      onReady: () => {
        if (thread === this.#thread) this.#goOn();
      },
      onReply: (reply) => {
        if (thread !== this.#thread) return;
        this.#finished()?.settle(reply);
        this.#goOn();
      },
      onExit: () => {
        this.#lost.delete(thread);
        if (thread !== this.#thread) return;
        this.#thread = null;
        this.#dismissAll('the path resolver broke down');
      },
    });
    return thread;
  }

  /** The thread can take the next one. */
  #goOn(): void {
    this.#feed();
    this.#wait();
  }

  /** The first outstanding lookup is over; its uid has used the thread for so long. */
  #finished(): Lookup | undefined {
    const lookup = this.#outstanding.shift();
    if (lookup !== undefined) this.#waiting.charge(lookup.asker.uid, performance.now() - this.#since);
    return lookup;
  }

  /** Gives the first outstanding lookup its whole deadline, or the thread its time to load. */
  #wait(): void {
    clearTimeout(this.#timer);
    this.#since = performance.now();
    if (this.#outstanding.length === 0) return;
    const ms = this.#thread?.ready() === true ? this.#patience() : this.#startMs;
    this.#timer = setTimeout(() => this.#onDeadline(), ms);
  }

  #patience(): number {
    const slice = this.#outstanding[0]?.request.kind === 'prefixes' ? PREFIXES_SLICE_MS : 0;
    return this.#deadlineMs + slice;
  }

  #onDeadline(): void {
    const thread = this.#thread;
    // after a stall of this very thread the answer lies undelivered: nothing is lost then
    if (thread === null || thread.drain()) return;
    const late = thread.ready() ? this.#finished() : undefined;
    void this.#abandon(thread, late?.request);
    late?.settle({ kind: 'none', reason: `no answer from the disk within ${this.#deadlineMs} ms` });
    if (late === undefined) this.#dismissAll('the path resolver did not start');
    else if (this.#lost.size >= this.#maxLost) this.#dismissAll(this.#allLost());
    else this.#startOver();
  }

  /** A new thread for what waited behind the lookup that hangs. */
  #startOver(): void {
    this.start();
    for (const { request } of this.#outstanding) this.#thread?.post(request);
    this.#goOn();
  }

  /** Stops listening to a thread; it ends by itself once its system call has returned, and counts as lost until then. */
  #abandon(thread: ResolverThread, request: LookupRequest | undefined): Promise<void> {
    this.#thread = null;
    this.#lost.set(thread, request === undefined ? null : stuckIn(request));
    return thread.end();
  }

  #dismissAll(reason: string): void {
    clearTimeout(this.#timer);
    const lookups = [...this.#outstanding.splice(0), ...this.#waiting.flush()];
    for (const lookup of lookups) lookup.settle({ kind: 'none', reason });
  }
}

function stuckIn(request: LookupRequest): StuckIn {
  const { kind } = request;
  if (kind === 'path') return request;
  return { kind, path: request.paths[Atomics.load(request.progress, 0)] ?? '' };
}

function resolutionOf(reply: Answer): Resolution {
  if (reply.kind === 'path') return reply.resolution;
  return { kind: 'unresolvable', reason: reply.kind === 'none' ? reply.reason : 'the lookup was mixed up' };
}
