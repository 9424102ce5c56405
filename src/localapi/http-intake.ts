import type { ByteQueue } from './byte-queue.ts';
import type { Channel } from './channel.ts';
import type { LocalApiContext } from './context.ts';
import { bodyFraming, type KnownFraming } from './http-body.ts';
import { HeadReader, hasToken, type RequestHead, valuesOf, type WholeHead } from './http-head.ts';
import { KnownHead } from './http-known-head.ts';
import { type HttpReply, refusal } from './http-reply.ts';
import { MAX_BODY_BYTES, MAX_HEAD_BYTES } from './limits.ts';
import { mayChangeState } from './peer-credentials.ts';
import type { Route } from './router.ts';

/** What a head comes to, whatever the length of the body behind it. */
export interface Admission {
  readonly head: RequestHead;
  readonly route: Route;
  readonly maxBody: number;
  /** The client waits to be told before it sends the body. */
  readonly asksFirst: boolean;
  /** HTTP/1.0, or the client says so: answered, then closed. */
  readonly closes: boolean;
}

export type Intake =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'admitted'; readonly admission: Admission; readonly framing: KnownFraming }
  /** The body is read to find the next request. */
  | { readonly kind: 'refused'; readonly reply: HttpReply; readonly head: RequestHead; readonly framing: KnownFraming }
  /** Nothing behind it may be read. */
  | { readonly kind: 'closed'; readonly reply: HttpReply; readonly head: RequestHead | null };

const INCOMPLETE: Intake = { kind: 'incomplete' };

/** Reads the heads of one connection, and what stands against each before its body is read. */
export class RequestIntake {
  readonly #channel: Pick<Channel, 'peer' | 'socketName'>;
  readonly #context: Pick<LocalApiContext, 'router' | 'credentials'>;
  readonly #heads = new HeadReader();
  /** The last head that was admitted. */
  #known: { readonly pattern: KnownHead; readonly admission: Admission } | null = null;

  constructor(channel: Pick<Channel, 'peer' | 'socketName'>, context: Pick<LocalApiContext, 'router' | 'credentials'>) {
    this.#channel = channel;
    this.#context = context;
  }

  next(input: ByteQueue): Intake {
    if (this.#known !== null && !this.#heads.begun) {
      const framing = this.#known.pattern.take(input);
      if (framing !== null) return withinLimit(this.#known.admission, framing);
    }
    const reading = this.#heads.read(input);
    switch (reading.kind) {
      case 'incomplete':
        return INCOMPLETE;
      case 'too_large': {
        const reply = refusal('too_large', `the request head is over ${MAX_HEAD_BYTES} bytes`);
        return closed({ ...reply, status: 431 }, null);
      }
      case 'malformed':
        return closed(refusal('invalid_request', reading.message), null);
      case 'head':
        return this.#judge(reading);
    }
  }

  #judge(reading: WholeHead): Intake {
    const { head } = reading;
    const framing = bodyFraming(reading);
    if (framing.kind === 'malformed') return closed(refusal('invalid_request', framing.message), head);
    if (head.minor === 1 && valuesOf(head, 'host').length !== 1) {
      return closed(refusal('invalid_request', 'HTTP/1.1 needs exactly one `Host`'), head);
    }
    const routing = this.#context.router(head, this.#channel.socketName);
    if (routing.kind === 'refused') return refused(head, framing, routing.reply);
    const { route, maxBody } = routing;
    if (route.changesState === true && !mayChangeState(this.#channel.peer, this.#context.credentials)) {
      return refused(head, framing, refusal('forbidden', 'only root and the owner of the daemon may do this'));
    }
    const admission = {
      head,
      route,
      maxBody,
      asksFirst: asksFirst(head) && head.minor === 1,
      closes: mustClose(head),
    };
    this.#remember(reading, framing, admission);
    return withinLimit(admission, framing);
  }

  #remember(reading: WholeHead, framing: KnownFraming, admission: Admission): void {
    // who may change state is asked each time, and a request id is another one each time
    const mayRemember = admission.route.changesState !== true && valuesOf(reading.head, 'x-request-id').length === 0;
    const pattern = mayRemember ? KnownHead.of(reading, framing) : null;
    this.#known = pattern === null ? null : { pattern, admission };
  }
}

function withinLimit(admission: Admission, framing: KnownFraming): Intake {
  const { head, maxBody } = admission;
  return framing.kind === 'length' && framing.length > maxBody
    ? closed(refusal('too_large', `the body is over ${maxBody} bytes`), head)
    : { kind: 'admitted', admission, framing };
}

/** Before its body was read: a body of ordinary size is skipped, so that keep-alive goes on. */
function refused(head: RequestHead, framing: KnownFraming, reply: HttpReply): Intake {
  const isLong = framing.kind === 'length' && framing.length > MAX_BODY_BYTES;
  return mustClose(head) || asksFirst(head) || isLong ? closed(reply, head) : { kind: 'refused', reply, head, framing };
}

function closed(reply: HttpReply, head: RequestHead | null): Intake {
  return { kind: 'closed', reply, head };
}

function mustClose(head: RequestHead): boolean {
  return head.minor === 0 || hasToken(head, 'connection', 'close');
}

function asksFirst(head: RequestHead): boolean {
  return hasToken(head, 'expect', '100-continue');
}
