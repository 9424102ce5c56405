import { messageOf } from '../base/coded-error.ts';
import type { Reply } from '../pdp/decision-point.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import type { Channel, Framing } from './channel.ts';
import type { LocalApiContext } from './context.ts';
import { MAX_LINE_BYTES, MAX_UNANSWERED_IN_ALL, MAX_UNANSWERED_LINES, MAX_UNSENT_ANSWERS } from './limits.ts';
import { readLineId } from './line-id.ts';
import { OrderedReplies } from './ordered-replies.ts';
import { errorText, replyText, withId } from './reply-text.ts';

/** Looking at the clock costs about as much as a tenth of a decision. */
const LINES_BETWEEN_CLOCK_READINGS = 4;

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
    let more = false;
    this.#replies.hold();
    for (let taken = 1; this.#mayTakeLine(); taken += 1) {
      const line = this.#takeLine();
      if (line === null) break;
      this.#answer(line);
      if (taken % LINES_BETWEEN_CLOCK_READINGS === 0 && performance.now() >= until) {
        more = true;
        break;
      }
    }
    this.#replies.release();
    if (this.#lineTooLong && !this.busy) this.#channel.finish();
    return more;
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
    this.#channel.requestDone();
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
    const deadline = performance.now() + this.#context.limits.requestMs;
    try {
      const reply = this.#context.port.decisionPoint.ask(request, this.#channel.peer, deadline);
      if (reply instanceof Promise) this.#answerLater(reply, idText);
      else this.#replies.add(lineText(reply, idText));
    } catch (error) {
      this.#replies.add(this.#failed(error, idText));
    }
  }

  #answerLater(reply: Promise<Reply>, idText: string | null): void {
    const fill = this.#replies.reserve();
    const { unanswered } = this.#context;
    unanswered.count += 1;
    const settle = (text: string): void => {
      unanswered.count -= 1;
      fill(text);
      this.#channel.wake();
    };
    reply.then(
      (settled) => settle(lineText(settled, idText)),
      (error: unknown) => settle(this.#failed(error, idText)),
    );
  }

  #failed(error: unknown, idText: string | null): string {
    this.#context.log.error({ error: messageOf(error) }, 'a decision failed');
    return `${withId(errorText('internal', 'the decision failed, see the daemon log'), idText)}\n`;
  }
}

function lineText(reply: Reply, idText: string | null): string {
  return `${withId(replyText(reply), idText)}\n`;
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) {
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}
