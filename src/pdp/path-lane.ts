import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Resolution } from '../realpath/walk.ts';
import type { LookupReply, LookupRequest } from './path-lookup.ts';

/** Questions that are with the thread: the one it works on, and one that saves it a pause. A power of two. */
export const MAX_POSTED = 2;
/** More than a path has (Paths 1), and more than a reason that repeats a part of one. */
const TEXT_BYTES = 8_192;
const MAX_BYTES_OF_A_UNIT = 3;
/** So long the asking thread waits awake for an answer: most have come by then. */
const ASKING_AWAKE_MS = 0.04;
/** So long the answering thread waits awake for a question: whoever asks one after the other has asked by then. */
const ANSWERING_AWAKE_MS = 0.1;
/**
 * After a vain wait, so many are not tried: few at first, twice as many each time. Where both threads share a core it
 * never pays, for being awake keeps the other from working; on two cores now and then it does not.
 */
const PAUSES = { least: 4, most: 512 } as const;

/** Words of the shared memory: one each of the first five, one for each question in flight of the others. */
const ASKED = 0;
const ANSWERED = 1;
/** 1 = the asking thread wants a message with each answer. */
const BELL = 2;
/** 1 = the answering thread is not asleep: an answer may come sooner than this thread would fall asleep. */
const AWAKE = 3;
/** 1 = the answering thread has loaded. */
const LOADED = 4;
const KIND = 5;
const LENGTH = KIND + MAX_POSTED;
const WORDS = LENGTH + MAX_POSTED;

/** What a question or an answer is; a letter comes by the port, and `itself` has no text. */
const LETTER = 0;
const PATH = 1;
const ITSELF = 2;
const REAL = 3;
const UNRESOLVABLE = 4;

/** An answer that comes by the port: it may lie there before or behind bells and be read early, so it says what it answers. */
interface Letter {
  readonly count: number;
  readonly reply: LookupReply;
}

/** What the asking end finds at its port; null = a bell, which may ring for what has been read already. */
export type Delivery = Letter | null;

/** What both ends hold. */
export interface LaneEnds {
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
}

export function laneMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT + MAX_POSTED * TEXT_BYTES);
}

/**
 * Paths and where they lead, through shared memory: a message between two threads takes longer than a look at the disk.
 * The port carries what is larger, and wakes the asking thread.
 */
class Lane {
  readonly #words: Int32Array;
  readonly #texts: readonly Buffer[];

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, WORDS);
    this.#texts = Array.from({ length: MAX_POSTED }, (_, place) =>
      Buffer.from(memory, this.#words.byteLength + place * TEXT_BYTES, TEXT_BYTES),
    );
  }

  get(word: number): number {
    return Atomics.load(this.#words, word);
  }

  set(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
  }

  /** Sets it, and wakes whoever sleeps until it is another one. */
  tell(word: number, value: number): void {
    Atomics.store(this.#words, word, value);
    Atomics.notify(this.#words, word);
  }

  /** Until the word is another one, or so long. */
  sleepWhile(word: number, value: number, ms?: number): void {
    Atomics.wait(this.#words, word, value, ms);
  }

  /** The same awake; whether it is another one. */
  watchWhile(word: number, value: number, ms: number): boolean {
    const until = performance.now() + ms;
    while (this.get(word) === value) if (performance.now() > until) return false;
    return true;
  }

  kindOf(count: number): number {
    return this.get(KIND + placeOf(count));
  }

  /** False where the text does not fit: it has to go by the port then. */
  write(count: number, kind: number, text: string): boolean {
    const place = placeOf(count);
    const fits = text.length * MAX_BYTES_OF_A_UNIT <= TEXT_BYTES;
    if (fits) this.set(LENGTH + place, this.#texts[place]?.write(text) ?? 0);
    this.set(KIND + place, fits ? kind : LETTER);
    return fits;
  }

  read(count: number): string {
    const place = placeOf(count);
    return this.#texts[place]?.toString('utf8', 0, this.get(LENGTH + place)) ?? '';
  }
}

/** Whether to wait awake for the other thread: if that has paid lately. Being woken takes longer than most lookups. */
class Watch {
  readonly #lane: Lane;
  readonly #word: number;
  readonly #ms: number;
  #pauses = 0;
  #nextPauses: number = PAUSES.least;

  constructor(lane: Lane, word: number, ms: number) {
    this.#lane = lane;
    this.#word = word;
    this.#ms = ms;
  }

  get pays(): boolean {
    if (this.#pauses === 0) return true;
    this.#pauses -= 1;
    return false;
  }

  while(value: number): void {
    if (this.#lane.watchWhile(this.#word, value, this.#ms)) {
      this.#nextPauses = PAUSES.least;
      return;
    }
    this.#pauses = this.#nextPauses;
    this.#nextPauses = Math.min(2 * this.#pauses, PAUSES.most);
  }
}

function placeOf(count: number): number {
  return count & (MAX_POSTED - 1);
}

/** Counts go round as the words do that hold them. */
function after(count: number): number {
  return (count + 1) | 0;
}

/** The end that asks. */
export class AskingLane {
  readonly #port: MessagePort;
  readonly #lane: Lane;
  readonly #watch: Watch;
  /** What is without an answer, by place. */
  readonly #questions: (LookupRequest | null)[] = Array.from({ length: MAX_POSTED }, () => null);
  /** Read, and their turn has not come: by the count of the question. */
  readonly #letters = new Map<number, LookupReply>();
  #asked = 0;
  #answered = 0;

  constructor({ port, memory }: LaneEnds) {
    this.#port = port;
    this.#lane = new Lane(memory);
    this.#watch = new Watch(this.#lane, ANSWERED, ASKING_AWAKE_MS);
    this.#lane.set(BELL, 1);
  }

  get loaded(): boolean {
    return this.#lane.get(LOADED) === 1;
  }

  /** At most `MAX_POSTED` may be without an answer. */
  post(request: LookupRequest): void {
    const count = this.#asked;
    this.#questions[placeOf(count)] = request;
    if (request.kind === 'path') {
      if (!this.#lane.write(count, PATH, request.path)) this.#port.postMessage(request);
    } else {
      this.#lane.set(KIND + placeOf(count), LETTER);
      this.#port.postMessage(request);
    }
    this.#asked = after(count);
    this.#lane.tell(ASKED, this.#asked);
  }

  /** Posts it, and holds this thread for an answer so long; null = it comes later, as the others do. */
  ask(request: LookupRequest, ms: number): LookupReply | null {
    this.#lane.set(BELL, 0);
    this.post(request);
    if (this.#lane.get(AWAKE) === 1 && this.#watch.pays) this.#watch.while(this.#answered);
    this.#lane.sleepWhile(ANSWERED, this.#answered, ms);
    this.#lane.set(BELL, 1);
    // answered in the meantime, perhaps, when nobody rang
    return this.next();
  }

  /** Takes what came by the port. */
  keep(delivery: Delivery): void {
    if (delivery !== null) this.#letters.set(delivery.count, delivery.reply);
  }

  /** The next answer; null = none yet. */
  next(): LookupReply | null {
    const count = this.#answered;
    if (this.#lane.get(ANSWERED) === count) return null;
    const question = this.#questions[placeOf(count)];
    const resolution = question?.kind === 'path' ? this.#resolution(count, question.path) : null;
    this.#answered = after(count);
    return resolution === null ? this.#letter(count) : { kind: 'path', resolution };
  }

  /** It was sent before the answer was announced: kept by now, or at the port behind whatever nobody has read yet. */
  #letter(count: number): LookupReply {
    for (let came = receiveMessageOnPort(this.#port); came !== undefined; came = receiveMessageOnPort(this.#port)) {
      this.keep(came.message as Delivery);
    }
    const reply = this.#letters.get(count);
    this.#letters.delete(count);
    return reply ?? { kind: 'path', resolution: { kind: 'unresolvable', reason: 'the answer was lost' } };
  }

  /** null = it came by the port. */
  #resolution(count: number, path: string): Resolution | null {
    const kind = this.#lane.kindOf(count);
    if (kind === ITSELF) return { kind: 'real', real: path };
    if (kind === REAL) return { kind: 'real', real: this.#lane.read(count) };
    return kind === UNRESOLVABLE ? { kind: 'unresolvable', reason: this.#lane.read(count) } : null;
  }
}

/** The end that answers, for the rest of its thread's life; asleep while nobody asks. */
export function answerLookups({ port, memory }: LaneEnds, answer: (request: LookupRequest) => LookupReply): never {
  const lane = new Lane(memory);
  const watch = new Watch(lane, ASKED, ANSWERING_AWAKE_MS);
  lane.set(LOADED, 1);
  port.postMessage(null satisfies Delivery);
  for (let count = 0; ; count = after(count)) {
    awaitQuestion(lane, count, watch);
    const request = readQuestion(lane, count, port);
    const reply = answer(request);
    if (!writeAnswer(lane, { count, request, reply })) port.postMessage({ count, reply } satisfies Delivery);
    lane.tell(ANSWERED, after(count));
    // behind a letter too: that one may have been read before there was an answer for it
    if (lane.get(BELL) === 1) port.postMessage(null satisfies Delivery);
  }
}

function awaitQuestion(lane: Lane, count: number, watch: Watch): void {
  if (watch.pays) {
    lane.set(AWAKE, 1);
    watch.while(count);
  }
  if (lane.get(ASKED) !== count) return;
  lane.set(AWAKE, 0);
  while (lane.get(ASKED) === count) lane.sleepWhile(ASKED, count);
}

function readQuestion(lane: Lane, count: number, port: MessagePort): LookupRequest {
  if (lane.kindOf(count) === PATH) return { kind: 'path', path: lane.read(count) };
  return receiveMessageOnPort(port)?.message as LookupRequest;
}

interface Answering {
  readonly count: number;
  readonly request: LookupRequest;
  readonly reply: LookupReply;
}

/** False where it has to go by the port. */
function writeAnswer(lane: Lane, { count, request, reply }: Answering): boolean {
  const place = placeOf(count);
  lane.set(KIND + place, LETTER);
  if (reply.kind !== 'path') return false;
  const { resolution } = reply;
  if (resolution.kind === 'unresolvable') return lane.write(count, UNRESOLVABLE, resolution.reason);
  if (request.kind === 'path' && request.path === resolution.real) {
    lane.set(KIND + place, ITSELF);
    return true;
  }
  return lane.write(count, REAL, resolution.real);
}
