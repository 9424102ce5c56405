import type { Dispatcher } from 'undici';
import { REQUEST_DEADLINE_MS } from '../schema/limits.ts';
import { OutboundError } from './outbound-error.ts';
import { type Situation, translateRequestError } from './outbound-translate.ts';

/** One origin, and the connections to it. */
export interface Route {
  readonly url: URL;
  readonly dispatcher: Dispatcher;
  readonly now: () => number;
}

export interface ExchangeRequest {
  readonly method: 'GET' | 'POST';
  /** Below the route's URL, starting with `/`, components already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  /** Over everything, the body included. */
  readonly deadlineMs?: number | undefined;
}

type Reader<T> = (response: Dispatcher.ResponseData, situation: Situation) => Promise<T>;

/** One request and what `read` makes of its answer; every failure is an `OutboundError`. No redirect is followed. */
export async function exchange<T>(route: Route, request: ExchangeRequest, read: Reader<T>): Promise<T> {
  const { url, dispatcher } = route;
  const pathname = (url.pathname === '/' ? '' : url.pathname) + request.path;
  const deadline = AbortSignal.timeout(request.deadlineMs ?? REQUEST_DEADLINE_MS);
  const outer = request.signal;
  const situation = { subject: `${request.method} ${url.origin}${pathname}`, deadline, outer, now: route.now() };
  try {
    const response = await dispatcher.request({
      origin: url.origin,
      path: pathname,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      signal: outer === undefined ? deadline : AbortSignal.any([outer, deadline]),
      ...(request.query === undefined ? {} : { query: request.query }),
    });
    // destroying a body that nobody reads any more emits an error; it must not become an uncaught one
    response.body.on('error', () => undefined);
    try {
      return await read(response, situation);
    } finally {
      response.body.destroy();
    }
  } catch (error) {
    throw error instanceof OutboundError ? error : translateRequestError(error, situation);
  }
}
