import { messageOf } from '../base/coded-error.ts';
import type { Channel, Framing } from './channel.ts';
import type { LocalApiContext } from './context.ts';
import { BodyReader, type KnownFraming } from './http-body.ts';
import type { RequestHead } from './http-head.ts';
import { type Admission, RequestIntake } from './http-intake.ts';
import { type HttpReply, type ReplyWork, ResponseWriter, refusal } from './http-reply.ts';
import { MAX_BODY_BYTES } from './limits.ts';
import type { Handling, Route } from './router.ts';

type Stage =
  | { readonly kind: 'head' }
  | { readonly kind: 'body'; readonly admission: Admission; readonly body: BodyReader }
  /** Answered already; the body is read to find the next request. */
  | { readonly kind: 'skip'; readonly body: BodyReader }
  | { readonly kind: 'handling' }
  | { readonly kind: 'working'; readonly admission: Admission; readonly work: ReplyWork }
  | { readonly kind: 'closing' };

const HEAD: Stage = { kind: 'head' };
const HANDLING: Stage = { kind: 'handling' };
const CLOSING: Stage = { kind: 'closing' };

/** HTTP/1.1 and 1.0 (api): one request at a time, so that a connection holds one request's memory and no more. */
export class HttpFraming implements Framing {
  readonly #channel: Channel;
  readonly #context: LocalApiContext;
  readonly #intake: RequestIntake;
  readonly #responses = new ResponseWriter();
  #stage: Stage = HEAD;

  constructor(channel: Channel, context: LocalApiContext) {
    this.#channel = channel;
    this.#context = context;
    this.#intake = new RequestIntake(channel, context);
  }

  get busy(): boolean {
    return this.#stage.kind === 'handling' || this.#stage.kind === 'working';
  }

  advance(until: number): boolean {
    while (this.#step(until)) {
      if (this.#stage !== HEAD) continue;
      if (this.#channel.input.length === 0) return false;
      if (performance.now() >= until) return true;
    }
    return this.#stage.kind === 'working';
  }

  /** One stage further; false when it has to wait, or to let others in. */
  #step(until: number): boolean {
    switch (this.#stage.kind) {
      case 'head':
        return !this.#channel.blocked && this.#onHead();
      case 'body':
        return this.#onBody(this.#stage);
      case 'skip':
        return this.#onSkip(this.#stage.body);
      case 'working':
        return this.#onWork(this.#stage, until);
      case 'handling':
      case 'closing':
        return false;
    }
  }

  #onHead(): boolean {
    const intake = this.#intake.next(this.#channel.input);
    switch (intake.kind) {
      case 'incomplete':
        return false;
      case 'admitted':
        return this.#admit(intake.admission, intake.framing);
      case 'refused':
        this.#write(intake.reply, intake.head, false);
        this.#stage = { kind: 'skip', body: new BodyReader(intake.framing, MAX_BODY_BYTES, false) };
        return true;
      case 'closed':
        return this.#close(intake.reply, intake.head);
    }
  }

  #admit(admission: Admission, framing: KnownFraming): boolean {
    const { input } = this.#channel;
    if (admission.asksFirst) this.#channel.write('HTTP/1.1 100 Continue\r\n\r\n');
    // mostly it is there as a whole: then it needs no copy
    if (framing.kind === 'length' && framing.length <= input.length) {
      return this.#handle(admission, input.take(framing.length));
    }
    this.#stage = { kind: 'body', admission, body: new BodyReader(framing, admission.maxBody, true) };
    return true;
  }

  #onBody({ admission, body }: Extract<Stage, { kind: 'body' }>): boolean {
    const { head, route } = admission;
    switch (body.read(this.#channel.input)) {
      case 'incomplete':
        return false;
      case 'malformed':
        return this.#close(refusal('invalid_request', 'the chunked body is malformed'), head);
      case 'too_large': {
        const limit = route.body === 'batch' ? 'too large' : `over ${MAX_BODY_BYTES} bytes`;
        return this.#close(refusal('too_large', `the body is ${limit}`), head);
      }
      case 'complete':
        return this.#handle(admission, body.bytes);
    }
  }

  #onSkip(body: BodyReader): boolean {
    const progress = body.read(this.#channel.input);
    if (progress === 'incomplete') return false;
    if (progress === 'complete') {
      this.#stage = HEAD;
      return true;
    }
    this.#stage = CLOSING;
    this.#channel.finish();
    return false;
  }

  #handle(admission: Admission, body: Buffer): boolean {
    this.#stage = HANDLING;
    const { head, route } = admission;
    const { peer, socketName } = this.#channel;
    const { port, limits, load } = this.#context;
    const exchange = { head, body, peer, socketName, deadline: performance.now() + limits.requestMs, port, load };
    let reply: Handling;
    try {
      reply = route.handle(exchange);
    } catch (error) {
      return this.#respond(this.#failed(route, error), admission);
    }
    if (reply instanceof Promise) {
      const settled = reply.catch((error: unknown) => this.#failed(route, error));
      return this.#wait(admission, settled, (answer) => void this.#respond(answer, admission));
    }
    if (!('advance' in reply)) return this.#respond(reply, admission);
    this.#stage = { kind: 'working', admission, work: reply };
    return true;
  }

  #onWork(stage: Extract<Stage, { kind: 'working' }>, until: number): boolean {
    const { admission, work } = stage;
    let done: ReturnType<ReplyWork['advance']>;
    try {
      done = work.advance(until);
    } catch (error) {
      return this.#respond(this.#failed(admission.route, error), admission);
    }
    if (done === null) return false;
    if (!(done instanceof Promise)) return this.#respond(done, admission);
    this.#stage = HANDLING;
    const settled = done.then(
      () => null,
      (error: unknown) => this.#failed(admission.route, error),
    );
    return this.#wait(admission, settled, (failure) => {
      if (failure === null) this.#stage = stage;
      else this.#respond(failure, admission);
    });
  }

  /** Goes on once something has settled, which never rejects. */
  #wait<T>({ route }: Admission, settled: Promise<T>, goOn: (value: T) => void): false {
    settled
      .then((value) => {
        goOn(value);
        this.#channel.wake();
      })
      .catch((error: unknown) => this.#failed(route, error));
    return false;
  }

  #failed(route: Route, error: unknown): HttpReply {
    this.#context.log.error({ route: route.path, error: messageOf(error) }, 'a request failed');
    return refusal('internal', 'the request failed, see the daemon log');
  }

  /** Answers and goes on with the next request, or closes; true when there is a next one. */
  #respond(reply: HttpReply, { head, closes }: Admission): boolean {
    if (closes || this.#channel.draining) return this.#close(reply, head);
    this.#write(reply, head, false);
    this.#stage = HEAD;
    return true;
  }

  #close(reply: HttpReply, head: RequestHead | null): boolean {
    this.#write(reply, head, true);
    this.#stage = CLOSING;
    this.#channel.finish();
    return false;
  }

  #write(reply: HttpReply, head: RequestHead | null, close: boolean): void {
    this.#channel.write(this.#responses.write(reply, { close, head, now: this.#context.clock.now() }));
    this.#channel.requestDone();
  }
}
