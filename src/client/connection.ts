import { connect, type Socket } from 'node:net';
import { isObject } from '../policy/rule-shape.ts';
import { parseStrictJson } from '../schema/strict-json.ts';

/** The longest answer line that is read. */
const MAX_LINE_BYTES = 1_048_576;
const NEWLINE = 0x0a;

/** What became of one question. */
export type Outcome =
  | { readonly kind: 'line'; readonly value: unknown }
  /** The connection ended before its answer began: the daemon restarts, the question may be asked again. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'garbage'; readonly message: string }
  | { readonly kind: 'late' };

interface Waiting {
  readonly id: number;
  /** Called once; later calls do nothing. */
  readonly settle: (outcome: Outcome) => void;
}

export type Opening =
  | { readonly kind: 'open'; readonly connection: Connection }
  | { readonly kind: 'failed'; readonly message: string };

/**
 * One connection that speaks newline-delimited JSON: questions are pipelined, answers come in order. The first line that
 * is not the next answer ends it, because from there on nobody knows which answer belongs to which question.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #bytes = 0;
  #nextId = 1;
  #usable = true;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', () => this.#end({ kind: 'gone' }));
    socket.on('close', () => this.#end({ kind: 'gone' }));
    socket.on('end', () => this.#end({ kind: 'gone' }));
    // an idle connection never keeps the caller's process alive
    socket.unref();
  }

  /** False once it has ended or an answer was late: it takes no more questions. */
  get usable(): boolean {
    return this.#usable;
  }

  get load(): number {
    return this.#waiting.length;
  }

  /** Asks; settles with the answer, or with `late` after `ms`. Never rejects. */
  ask(question: object, ms: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const id = this.#nextId++;
      const deadline = setTimeout(() => this.#late(id, resolve), Math.max(0, ms));
      const settle = (outcome: Outcome): void => {
        clearTimeout(deadline);
        resolve(outcome);
      };
      if (!this.#usable) {
        settle({ kind: 'gone' });
        return;
      }
      this.#waiting.push({ id, settle });
      this.#socket.ref();
      this.#socket.write(`${JSON.stringify({ ...question, id })}\n`);
    });
  }

  /** Ends the connection; questions still waiting settle as `gone`. */
  close(): void {
    this.#end({ kind: 'gone' });
  }

  /** The place in the queue stays, so that the answers behind it keep theirs; new questions go elsewhere. */
  #late(id: number, resolve: (outcome: Outcome) => void): void {
    this.#usable = false;
    resolve({ kind: 'late' });
    // the last one in the queue was late: nothing on this connection is worth waiting for
    if (this.#waiting.at(-1)?.id === id) this.#end({ kind: 'late' });
  }

  #read(chunk: Buffer): void {
    let rest = chunk;
    for (let at = rest.indexOf(NEWLINE); at !== -1 && !this.#socket.destroyed; at = rest.indexOf(NEWLINE)) {
      const line = Buffer.concat([...this.#chunks, rest.subarray(0, at)]);
      this.#chunks = [];
      this.#bytes = 0;
      this.#line(line);
      rest = rest.subarray(at + 1);
    }
    if (rest.length === 0) return;
    this.#chunks.push(rest);
    this.#bytes += rest.length;
    if (this.#bytes > MAX_LINE_BYTES) this.#end({ kind: 'garbage', message: 'a line that never ends' });
  }

  #line(line: Buffer): void {
    const parsed = parseStrictJson(line);
    const value = parsed.kind === 'value' ? parsed.value : undefined;
    const head = this.#waiting[0];
    if (head === undefined || !isObject(value)) {
      this.#end({
        kind: 'garbage',
        message: head === undefined ? 'an answer to nothing' : 'a line that is no JSON object',
      });
      return;
    }
    // an error line may lack the id; it denies whatever it belongs to
    const anonymous = value['id'] === undefined && value['decision'] === undefined;
    if (value['id'] !== head.id && !anonymous) {
      this.#end({ kind: 'garbage', message: 'an answer to another question' });
      return;
    }
    this.#waiting.shift();
    head.settle({ kind: 'line', value });
    if (this.#waiting.length > 0) return;
    if (this.#usable) this.#socket.unref();
    else this.#end({ kind: 'gone' });
  }

  #end(outcome: Outcome): void {
    this.#usable = false;
    this.#socket.destroy();
    // a line that has begun is half an answer: garbage, not a reason to ask again
    const first: Outcome =
      this.#bytes > 0 && outcome.kind === 'gone' ? { kind: 'garbage', message: 'half a line' } : outcome;
    const waiting = this.#waiting.splice(0);
    this.#chunks = [];
    this.#bytes = 0;
    for (const [index, { settle }] of waiting.entries()) settle(index === 0 ? first : outcome);
  }
}

/** Connects within `ms`. Never rejects. */
export function openConnection(path: string, ms: number): Promise<Opening> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const failed = (message: string): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve({ kind: 'failed', message });
    };
    const deadline = setTimeout(() => failed(`\`${path}\` did not take the connection in time`), Math.max(1, ms));
    const onError = (error: NodeJS.ErrnoException): void =>
      failed(`cannot connect to \`${path}\` (${error.code ?? 'error'})`);
    socket.once('error', onError);
    socket.once('connect', () => {
      clearTimeout(deadline);
      socket.off('error', onError);
      resolve({ kind: 'open', connection: new Connection(socket) });
    });
  });
}
