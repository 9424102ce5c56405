import type { Clock } from '../base/clock.ts';
import { Change } from './change.ts';
import { PAGE_BYTES } from './decision-page.ts';
import { type FullPage, NOTHING, type PageLoad } from './gap.ts';
import type { WriterReply, WriterStart, WrittenHead } from './log-messages.ts';
import type { LogQuery, LogQueryAnswer } from './log-query.ts';
import { LogQuestions, unavailable } from './log-questions.ts';
import { type LogThread, startLogThread } from './log-thread.ts';
import { LogTrouble } from './log-trouble.ts';
import type { Retention } from './retention.ts';

export interface LogDeliveryOptions {
  readonly start: WriterStart;
  readonly clock: Clock;
  readonly entry: URL;
  /** Writing fails, or a damaged log was replaced; null: it works again. */
  readonly onTrouble: (message: string | null) => void;
  /** A page that will not be written, or only perhaps was. */
  readonly onLost: (lost: PageLoad) => void;
  /** So many events are in the log. */
  readonly onNoted: (events: number) => void;
  /** The memory of a page is back: the next one may be sent. */
  readonly onFree: (memory: ArrayBuffer) => void;
}

export interface DeliveryState {
  /** Decisions that are in the log. */
  readonly written: number;
  /** They were handed over, and the writer failed or ended. */
  readonly lost: number;
  /** Handed over and not answered. */
  readonly underway: number;
  /** What was tried last could not be written. */
  readonly failing: boolean;
  /** It stays after the log works again. */
  readonly lastError: { readonly message: string; readonly at: number } | null;
  /** Where the chain ends; null before the first page of this run. */
  readonly head: WrittenHead | null;
}

/** Then a page makes room for the next one; with the pauses between, after a quarter of a minute. */
const MAX_TRIES = 5;

/** Brings pages to the writer's thread, one at a time and again if need be; starts the thread, and replaces a lost one. */
export class LogDelivery {
  readonly #options: LogDeliveryOptions;
  readonly #trouble: LogTrouble;
  readonly #questions = new LogQuestions();
  readonly #change = new Change();
  #thread: LogThread | null = null;
  /** The page on its way; the thread has its memory, or it is here while there is a pause. */
  #out: { readonly load: PageLoad; readonly memory: ArrayBuffer | null } | null = null;
  #tries = 0;
  #cancelPause: () => void = () => undefined;
  #retention: Retention;
  #closed = false;
  #ending = 0;
  #written = 0;
  #lost = 0;
  #head: WrittenHead | null = null;

  constructor(options: LogDeliveryOptions) {
    this.#options = options;
    this.#retention = options.start.retention;
    this.#trouble = new LogTrouble(options.clock, options.onTrouble);
  }

  get busy(): boolean {
    return this.#out !== null;
  }

  /** Threads that were told to end and have not. */
  get ending(): number {
    return this.#ending;
  }

  state(): DeliveryState {
    const [written, lost, head] = [this.#written, this.#lost, this.#head];
    const { failing, last: lastError } = this.#trouble;
    return { written, lost, underway: this.#out?.load.count ?? 0, failing, lastError, head };
  }

  /** Only while it is not busy. */
  send({ memory, ...load }: FullPage): void {
    this.#tries = 0;
    this.#post(memory, load);
  }

  /** Other bounds, for this thread and for those that follow. */
  retain(retention: Retention): void {
    this.#retention = retention;
    this.#thread?.post({ kind: 'retention', retention });
  }

  ask(query: LogQuery): Promise<LogQueryAnswer> {
    if (this.#closed) return Promise.resolve(unavailable('the daemon is shutting down'));
    const thread = this.#running();
    return this.#questions.ask(query, (request) => thread.post(request));
  }

  /** Sends what `next` gives until there is no more or the disk refuses it, and ends the thread; all within `ms`. */
  async close(ms: number, next: () => FullPage | null): Promise<void> {
    const end = performance.now() + ms;
    this.#closed = true;
    this.#cancelPause();
    this.#trouble.forgive();
    while (this.#sendAnother(next) && (await this.#change.within(end)) && !this.#trouble.failing);
    const thread = this.#thread;
    if (thread === null) return;
    this.#ending = 1;
    thread.post({ kind: 'close', at: this.#options.clock.now() });
    while (this.#ending > 0 && (await this.#change.within(end)));
    if (this.#ending === 0) return;
    void thread.end();
    // a write that hangs in the system ends when its disk lets it, perhaps never
    await this.#change.within(performance.now() + 100);
  }

  /** Whether there is something under way afterwards. */
  #sendAnother(next: () => FullPage | null): boolean {
    const out = this.#out;
    if (out !== null) {
      const { memory, load } = out;
      if (memory === null) return true;
      if (load !== NOTHING) {
        this.#post(memory, load);
        return true;
      }
      this.#free(memory);
    }
    const page = next();
    if (page !== null) this.send(page);
    return page !== null;
  }

  #post(memory: ArrayBuffer, load: PageLoad): void {
    this.#out = { load, memory: null };
    this.#running().post({ kind: 'page', page: memory, at: this.#options.clock.now(), ...load }, [memory]);
  }

  #running(): LogThread {
    const { entry, start } = this.#options;
    this.#thread ??= startLogThread(
      entry,
      { ...start, retention: this.#retention },
      {
        onReply: (reply) => this.#onReply(reply),
        onExit: (message) => this.#onExit(message),
      },
    );
    return this.#thread;
  }

  #onReply(reply: WriterReply): void {
    // whoever waits goes on once this is done
    this.#change.happened();
    if (reply.kind === 'written') this.#onWritten(reply);
    else if (reply.kind === 'failed') this.#onFailed(reply.page, reply.message);
    else if (reply.kind === 'found') this.#questions.settle(reply.number, reply.answer);
  }

  #onWritten({ page, written, head, movedAside }: WriterReply & { kind: 'written' }): void {
    this.#written += written;
    this.#head = head;
    const { count, events } = this.#out?.load ?? { ...NOTHING, count: written };
    // texts that were no answers
    this.#lose({ ...NOTHING, count: count - written });
    this.#options.onNoted(events.length);
    this.#trouble.worked();
    if (movedAside !== null) this.#trouble.happened(movedAside);
    this.#free(page);
  }

  #onFailed(memory: ArrayBuffer, message: string): void {
    const load = this.#out?.load ?? NOTHING;
    this.#trouble.failed(message);
    this.#tries += 1;
    if (this.#tries < MAX_TRIES) {
      this.#out = { load, memory };
      this.#pause(() => this.#post(memory, load));
    } else {
      this.#lose(load);
      this.#free(memory);
    }
  }

  #onExit(message: string): void {
    this.#change.happened();
    this.#thread = null;
    this.#ending = 0;
    this.#questions.dismiss();
    const out = this.#out;
    if (out === null || out.memory !== null) return;
    this.#lose(out.load);
    this.#trouble.failed(`the writer of the decision log broke down: ${message}`);
    const memory = new ArrayBuffer(PAGE_BYTES);
    this.#out = { load: NOTHING, memory };
    this.#pause(() => this.#free(memory));
  }

  #lose(load: PageLoad): void {
    if (load.count === 0 && load.gap === null && load.events.length === 0) return;
    this.#lost += load.count;
    this.#options.onLost(load);
  }

  #free(memory: ArrayBuffer): void {
    this.#out = null;
    this.#options.onFree(memory);
  }

  #pause(then: () => void): void {
    if (!this.#closed) this.#cancelPause = this.#options.clock.after(this.#trouble.pauseMs, then);
  }
}
