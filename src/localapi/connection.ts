import type { Socket } from 'node:net';
import { messageOf } from '../base/coded-error.ts';
import type { Peer } from '../pdp/decision-point.ts';
import { ByteQueue } from './byte-queue.ts';
import type { Channel, Framing, SocketName } from './channel.ts';
import type { LocalApiContext } from './context.ts';
import { HttpFraming } from './http.ts';
import { LINGER_MS, MAX_LINGER_BYTES, MAX_UNREAD_BYTES } from './limits.ts';
import { NdjsonFraming } from './ndjson.ts';
import type { Caller, Turn, Turns } from './turns.ts';

/** A chunk up to this size is worked on at once when nobody waits; a flood has to queue. */
const LIGHT_CHUNK_BYTES = 4_096;
/** About what reading, deciding and answering a byte of input takes: a batch of 64 KiB some six milliseconds. */
const MS_PER_BYTE = 1e-4;

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly socketName: SocketName;
  readonly caller: Caller | null;
  readonly turns: Turns;
  readonly context: LocalApiContext;
  readonly onClose: () => void;
}

/** One client, from its first byte to the last answer. Times are `performance.now()`. */
export class Connection implements Channel, Turn {
  readonly input = new ByteQueue();
  readonly peer: Peer;
  readonly socketName: SocketName;
  readonly caller: Caller | null;
  spent = 0;
  lastMs = 0;
  readonly #socket: Socket;
  readonly #turns: Turns;
  readonly #context: LocalApiContext;
  readonly #openedAt = performance.now();
  #framing: Framing | null = null;
  #lastDone: number | null = null;
  #inputEnded = false;
  #state: 'open' | 'draining' | 'finishing' | 'closed' = 'open';
  #flushedAt: number | null = null;
  #lingered = 0;

  constructor({ socket, peer, socketName, caller, turns, context, onClose }: ConnectionOptions) {
    this.#socket = socket;
    this.peer = peer;
    this.socketName = socketName;
    this.caller = caller;
    this.#turns = turns;
    this.#context = context;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => {
      this.#inputEnded = true;
      this.wake();
    });
    socket.on('drain', () => {
      this.#lastDone = performance.now();
      this.wake();
    });
    socket.on('finish', () => {
      this.#flushedAt = performance.now();
    });
    // a reset is how many clients hang up; `close` follows
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#state = 'closed';
      this.#turns.withdraw(this);
      onClose();
    });
  }

  get blocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get closed(): boolean {
    return this.#state === 'closed' || this.#state === 'finishing';
  }

  get draining(): boolean {
    return this.#state !== 'open';
  }

  get pendingMs(): number {
    return this.input.length * MS_PER_BYTE;
  }

  /**
   * A request was taken up and is not answered yet. Part of one does not count (api, limits), nor does what waits in
   * the buffer: flooders have always something there, and nobody else would get in.
   */
  get inProgress(): boolean {
    return !this.closed && this.#framing?.busy === true;
  }

  write(data: string | Buffer): void {
    if (!this.closed) this.#socket.write(data);
  }

  requestDone(): void {
    this.#lastDone = performance.now();
  }

  wake(): void {
    if (!this.closed) this.#turns.offer(this, true);
  }

  finish(): void {
    if (this.closed) return;
    this.#state = 'finishing';
    this.input.clear();
    // without reading on, closing would reset the connection under the client's feet, answer and all
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The server closes: what was received whole is answered, then the connection ends. */
  drain(): void {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    this.#socket.pause();
    this.wake();
  }

  /** Whether one of the times of this connection is over. */
  isOverdue(now: number): boolean {
    const { firstRequestMs, idleMs } = this.#context.limits;
    if (this.#flushedAt !== null) return now - this.#flushedAt > LINGER_MS;
    if (this.inProgress || this.#turns.isWaiting(this)) return false;
    if (this.#lastDone === null) return now - this.#openedAt > firstRequestMs;
    return now - this.#lastDone > idleMs;
  }

  run(until: number): boolean {
    if (this.closed) return false;
    let more = false;
    try {
      this.#framing ??= this.#chooseFraming();
      more = this.#framing?.advance(until) ?? false;
    } catch (error) {
      this.#context.log.error({ error: messageOf(error) }, 'a connection failed and was closed');
      this.destroy();
      return false;
    }
    this.#afterTurn(more);
    return more && !this.closed;
  }

  /** The first byte tells the framings apart; anything else closes (api, "One decision socket, two framings"). */
  #chooseFraming(): Framing | null {
    if (this.input.length === 0) return null;
    const first = this.input.at(0);
    if (first === 0x7b) return new NdjsonFraming(this, this.#context);
    if (first >= 0x41 && first <= 0x5a) return new HttpFraming(this, this.#context);
    this.destroy();
    return null;
  }

  #onData(chunk: Buffer): void {
    if (this.closed) {
      this.#lingered += chunk.length;
      if (this.#lingered > MAX_LINGER_BYTES) this.destroy();
      return;
    }
    this.input.push(chunk);
    if (this.input.length >= MAX_UNREAD_BYTES) this.#socket.pause();
    this.#turns.offer(this, chunk.length <= LIGHT_CHUNK_BYTES);
  }

  #afterTurn(more: boolean): void {
    if (this.closed || more) return;
    const settled = this.#framing?.busy !== true && !this.blocked;
    if (settled && (this.#inputEnded || this.#state === 'draining')) {
      this.finish();
      return;
    }
    if (this.#state === 'open' && this.input.length < MAX_UNREAD_BYTES && this.#socket.isPaused())
      this.#socket.resume();
  }
}
