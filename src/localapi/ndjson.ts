import { isAscii } from 'node:buffer';
import { messageOf } from '../base/coded-error.ts';
import { type AskedRequest, readAsked, type Told } from '../pdp/decision-point.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import type { Channel, Framing } from './channel.ts';
import type { LocalApiContext } from './context.ts';
import { MAX_LINE_BYTES, MAX_UNANSWERED_IN_ALL, MAX_UNANSWERED_LINES, MAX_UNSENT_ANSWERS } from './limits.ts';
import { readLineId } from './line-id.ts';
import { OrderedReplies } from './ordered-replies.ts';
import { readPlainLine } from './plain-line.ts';
import { errorText, toldText, withId } from './reply-text.ts';

/** Looking at the clock costs about as much as a tenth of a decision. */
const LINES_BETWEEN_CLOCK_READINGS = 4;

/** As much of the input as becomes one text at once. */
const MAX_TEXT_BYTES = 32_768;

/** Newline-delimited JSON (api): one native request a line, one answer a line, in order. */
export class NdjsonFraming implements Framing {
  readonly #channel: Channel;
  readonly #context: LocalApiContext;
  readonly #replies: OrderedReplies;
  #lineTooLong = false;

  constructor(channel: Channel, context: LocalApiContext) {
    this.#channel = channel;
    this.#context = context;
    this.#replies = new OrderedReplies((text) => channel.write(text));
  }

  get busy(): boolean {
    return this.#replies.waiting > 0;
  }

  advance(until: number): boolean {
    this.#replies.hold();
    const more = this.#answerPlainLines(until) || this.#answerOtherLines(until);
    this.#replies.release();
    if (this.#lineTooLong && !this.busy) this.#channel.finish();
    return more;
  }

  /** The whole lines of a chunk as one text, where all of it is ASCII; true when time is up before they are done. */
  #answerPlainLines(until: number): boolean {
    const lines = this.#channel.input.wholeLines(MAX_TEXT_BYTES);
    if (lines.length === 0 || !isAscii(lines)) return false;
    const text = lines.toString('latin1');
    let start = 0;
    let isLate = false;
    for (let taken = 1; start < text.length && !isLate && this.#mayTakeLine(); taken += 1) {
      const end = text.indexOf('\n', start);
      const plain = readPlainLine(text, start, end);
      if (plain === null) this.#answer(lines.subarray(start, end));
      else this.#decide(plain, plain.id);
      start = end + 1;
      isLate = taken % LINES_BETWEEN_CLOCK_READINGS === 0 && performance.now() >= until;
    }
    this.#channel.input.skip(start);
    if (start > 0) this.#channel.requestDone();
    return isLate && this.#channel.input.length > 0;
  }

  #answerOtherLines(until: number): boolean {
    for (let taken = 1; this.#mayTakeLine(); taken += 1) {
      const line = this.#takeLine();
      if (line === null) return false;
      this.#answer(line);
      this.#channel.requestDone();
      if (taken % LINES_BETWEEN_CLOCK_READINGS === 0 && performance.now() >= until) return true;
    }
    return false;
  }

  #mayTakeLine(): boolean {
    if (this.#lineTooLong || this.#channel.blocked) return false;
    const { waiting, unsent } = this.#replies;
    // whoever has to wait here has a line outstanding, and is woken by its answer
    const crowded = waiting >= MAX_UNANSWERED_LINES || this.#context.unanswered.count >= MAX_UNANSWERED_IN_ALL;
    return unsent < MAX_UNSENT_ANSWERS && (waiting === 0 || !crowded);
  }

  /** The next line without its newline; null when none is complete. */
  #takeLine(): Buffer | null {
    const { input } = this.#channel;
    const length = input.indexOfNewline();
    if (length > MAX_LINE_BYTES || (length === -1 && input.length > MAX_LINE_BYTES)) {
      this.#lineTooLong = true;
      return null;
    }
    if (length === -1) return null;
    const line = input.take(length + 1);
    return line.subarray(0, length);
  }

  #answer(line: Buffer): void {
    if (isBlank(line)) return;
    const reading = parseStrictJson(line);
    if (reading.kind === 'error') {
      this.#replies.add(`${errorText('invalid_request', reading.message)}\n`);
      return;
    }
    const { id, request } = readLineId(reading.value);
    if (id.kind === 'invalid') {
      this.#replies.add(`${errorText('invalid_request', id.message)}\n`);
      return;
    }
    const idText = id.kind === 'id' ? id.text : null;
    const asked = readAsked(request);
    if (asked.kind === 'request') this.#decide(asked, idText);
    else this.#replies.add(`${withId(toldText(asked), idText)}\n`);
  }

  #decide(asked: AskedRequest, idText: string | null): void {
    const { port, limits } = this.#context;
    try {
      const told = port.decisionPoint.tell(asked, this.#channel.peer, limits.requestMs);
      if (told instanceof Promise) this.#later(told, idText);
      else this.#replies.add(`${withId(toldText(told), idText)}\n`);
    } catch (error) {
      this.#replies.add(this.#failed(error, idText));
    }
  }

  #later(told: Promise<Told>, idText: string | null): void {
    const fill = this.#replies.reserve();
    const { unanswered } = this.#context;
    unanswered.count += 1;
    const settle = (text: string): void => {
      unanswered.count -= 1;
      fill(text);
      this.#channel.wake();
    };
    told.then(
      (settled) => settle(`${withId(toldText(settled), idText)}\n`),
      (error: unknown) => settle(this.#failed(error, idText)),
    );
  }

  #failed(error: unknown, idText: string | null): string {
    this.#context.log.error({ error: messageOf(error) }, 'a decision failed');
    return `${withId(errorText('internal', 'the decision failed, see the daemon log'), idText)}\n`;
  }
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) {
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}
