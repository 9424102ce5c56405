import { openDispatcher, type WayOut } from './dispatcher.ts';
import { exchange } from './exchange.ts';
import { type OutboundAnswer, readAnswer } from './outbound-answer.ts';
import { readBaseUrl } from './outbound-url.ts';

export interface OutboundOptions extends WayOut {
  /** Every request goes below it; https, or http towards loopback only. */
  readonly baseUrl: string;
  readonly deadlineMs?: number;
  readonly now: () => number;
}

export interface OutboundRequest {
  readonly method: 'GET' | 'POST';
  /** Below the base URL, starting with `/`, components already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as a bearer token, to the base URL's origin and nowhere else. */
  readonly token?: string;
  readonly body?: unknown;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/** A JSON client towards one origin. Every answer that is not whole, bounded JSON throws an `OutboundError`. */
export interface Outbound {
  readonly url: URL;
  send(request: OutboundRequest): Promise<OutboundAnswer>;
  close(): Promise<void>;
}

/** Opens no connection yet. Throws an `OutboundError` when the URLs or the CA file cannot be used. */
export function openOutbound(options: OutboundOptions): Outbound {
  const url = readBaseUrl(options.baseUrl);
  const dispatcher = openDispatcher(url, options);
  const route = { url, dispatcher, now: options.now };
  return {
    url,
    send: ({ method, path, query, body, token, signal, maxBytes }) =>
      exchange(
        route,
        {
          ...{ method, path, signal, deadlineMs: options.deadlineMs, headers: headersOf(body, token) },
          ...(query === undefined ? {} : { query }),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        (response, situation) => readAnswer(response, maxBytes, situation),
      ),
    close: () => dispatcher.destroy(),
  };
}

function headersOf(body: unknown, token: string | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    // a cache on the way must not answer for the server (delivery, Trusted config)
    'cache-control': 'no-cache',
    'user-agent': 'reeve',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
}
