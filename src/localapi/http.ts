import { messageOf } from '../base/coded-error.ts';
import type { Channel, Framing } from './channel.ts';
import type { LocalApiContext } from './context.ts';
import { type BodyFraming, BodyReader, bodyFraming } from './http-body.ts';
import { HeadReader, type HeadReading, hasToken, type RequestHead, valuesOf } from './http-head.ts';
import { type HttpReply, refusal, responseBytes } from './http-reply.ts';
import { MAX_BODY_BYTES, MAX_HEAD_BYTES } from './limits.ts';
import { mayChangeState } from './peer-credentials.ts';
import type { Route } from './router.ts';

type Stage =
  | { readonly kind: 'head' }
  | { readonly kind: 'body'; readonly head: RequestHead; readonly route: Route; readonly body: BodyReader }
  /** Answered already; the body is read to find the next request. */
  | { readonly kind: 'skip'; readonly body: BodyReader }
  | { readonly kind: 'handling' }
  | { readonly kind: 'closing' };

const HEAD: Stage = { kind: 'head' };

/** HTTP/1.1 and 1.0 (api): one request at a time, so that a connection holds one request's memory and no more. */
export class HttpFraming implements Framing {
  readonly #channel: Channel;
  readonly #context: LocalApiContext;
  readonly #heads = new HeadReader();
  #stage: Stage = HEAD;

  constructor(channel: Channel, context: LocalApiContext) {
    this.#channel = channel;
    this.#context = context;
  }

  get busy(): boolean {
    return this.#stage.kind === 'handling';
  }

  advance(until: number): boolean {
    while (this.#step()) {
      if (this.#stage === HEAD && performance.now() >= until) return true;
    }
    return false;
  }

  /** One stage further; false when it has to wait. */
  #step(): boolean {
    switch (this.#stage.kind) {
      case 'head':
        return !this.#channel.blocked && this.#onHead(this.#heads.read(this.#channel.input));
      case 'body':
        return this.#onBody(this.#stage);
      case 'skip':
        return this.#onSkip(this.#stage.body);
      case 'handling':
      case 'closing':
        return false;
    }
  }

  #onHead(reading: HeadReading): boolean {
    switch (reading.kind) {
      case 'incomplete':
        return false;
      case 'too_large':
        return this.#close({
          ...refusal('too_large', `the request head is over ${MAX_HEAD_BYTES} bytes`),
          status: 431,
        });
      case 'malformed':
        return this.#close(refusal('invalid_request', reading.message));
      case 'head':
        return this.#route(reading.head);
    }
  }

  #route(head: RequestHead): boolean {
    const framing = bodyFraming(head);
    if (framing.kind === 'malformed') return this.#close(refusal('invalid_request', framing.message), head);
    if (head.minor === 1 && valuesOf(head, 'host').length !== 1) {
      return this.#close(refusal('invalid_request', 'HTTP/1.1 needs exactly one `Host`'), head);
    }
    const routing = this.#context.router(head, this.#channel.socketName);
    if (routing.kind === 'refused') return this.#refuse(head, framing, routing.reply);
    const { route, maxBody } = routing;
    if (route.changesState === true && !mayChangeState(this.#channel.peer, this.#context.credentials)) {
      return this.#refuse(head, framing, refusal('forbidden', 'only root and the owner of the daemon may do this'));
    }
    if (framing.kind === 'length' && framing.length > maxBody) return this.#tooLarge(head, maxBody);
    if (hasToken(head, 'expect', '100-continue') && head.minor === 1) {
      this.#channel.write('HTTP/1.1 100 Continue\r\n\r\n');
    }
    this.#stage = { kind: 'body', head, route, body: new BodyReader(framing, maxBody, true) };
    return true;
  }

  #onBody({ head, route, body }: Extract<Stage, { kind: 'body' }>): boolean {
    switch (body.read(this.#channel.input)) {
      case 'incomplete':
        return false;
      case 'malformed':
        return this.#close(refusal('invalid_request', 'the chunked body is malformed'), head);
      case 'too_large':
        return this.#tooLarge(head, route.body === 'batch' ? undefined : MAX_BODY_BYTES);
      case 'complete':
        return this.#handle(head, route, body.bytes);
    }
  }

  #onSkip(body: BodyReader): boolean {
    const progress = body.read(this.#channel.input);
    if (progress === 'incomplete') return false;
    if (progress === 'complete') {
      this.#stage = HEAD;
      return true;
    }
    this.#stage = { kind: 'closing' };
    this.#channel.finish();
    return false;
  }

  #handle(head: RequestHead, route: Route, body: Buffer): boolean {
    this.#stage = { kind: 'handling' };
    const { peer, socketName } = this.#channel;
    const { port, limits } = this.#context;
    const exchange = { head, body, peer, socketName, deadline: performance.now() + limits.requestMs, port };
    let reply: HttpReply | Promise<HttpReply>;
    try {
      reply = route.handle(exchange);
    } catch (error) {
      return this.#respond(this.#failed(route, error), head);
    }
    if (!(reply instanceof Promise)) return this.#respond(reply, head);
    reply
      .catch((error: unknown) => this.#failed(route, error))
      .then((settled) => {
        this.#respond(settled, head);
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
  #respond(reply: HttpReply, head: RequestHead): boolean {
    if (mustClose(head) || this.#channel.draining) return this.#close(reply, head);
    this.#write(reply, head, false);
    this.#stage = HEAD;
    return true;
  }

  /** Refused before its body was read: a body of ordinary size is skipped, so that keep-alive goes on. */
  #refuse(head: RequestHead, framing: Exclude<BodyFraming, { kind: 'malformed' }>, reply: HttpReply): boolean {
    const expectsGoAhead = hasToken(head, 'expect', '100-continue');
    if (mustClose(head) || expectsGoAhead || (framing.kind === 'length' && framing.length > MAX_BODY_BYTES)) {
      return this.#close(reply, head);
    }
    this.#write(reply, head, false);
    this.#stage = { kind: 'skip', body: new BodyReader(framing, MAX_BODY_BYTES, false) };
    return true;
  }

  #tooLarge(head: RequestHead, limit: number | undefined): boolean {
    const message = limit === undefined ? 'the body is too large' : `the body is over ${limit} bytes`;
    return this.#close(refusal('too_large', message), head);
  }

  #close(reply: HttpReply, head: RequestHead | null = null): boolean {
    this.#write(reply, head, true);
    this.#stage = { kind: 'closing' };
    this.#channel.finish();
    return false;
  }

  #write(reply: HttpReply, head: RequestHead | null, close: boolean): void {
    const date = new Date(this.#context.clock.now());
    this.#channel.write(responseBytes(reply, { close, head, date }));
    this.#channel.requestDone();
  }
}

/** HTTP/1.0: answered, then closed. */
function mustClose(head: RequestHead): boolean {
  return head.minor === 0 || hasToken(head, 'connection', 'close');
}
