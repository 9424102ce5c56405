import { Agent, type Dispatcher, ProxyAgent } from 'undici';
import { CONNECT_DEADLINE_MS, REQUEST_DEADLINE_MS } from '../schema/limits.ts';
import { readCaFile } from './ca-file.ts';
import { type OutboundAnswer, readAnswer } from './outbound-answer.ts';
import { OutboundError } from './outbound-error.ts';
import { translateRequestError } from './outbound-translate.ts';
import { isLoopbackUrl, readBaseUrl, readProxyUrl } from './outbound-url.ts';

export interface OutboundOptions {
  /** Every request goes below it; https, or http towards loopback only. */
  readonly baseUrl: string;
  /** An http(s) proxy, credentials allowed in it. Loopback never goes through it. */
  readonly proxy?: string;
  /** PEM file; when given, only these authorities are trusted. */
  readonly caFile?: string;
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
  const dispatcher = dispatcherFor(url, options);
  return {
    url,
    send: (request) => send({ url, dispatcher, options }, request),
    close: () => dispatcher.destroy(),
  };
}

function dispatcherFor(url: URL, options: OutboundOptions): Dispatcher {
  const ca = options.caFile === undefined ? undefined : readCaFile(options.caFile);
  // said outright: NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment changes only the default
  const tls = { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) };
  // what is plain http must not leave the machine through a proxy
  if (options.proxy === undefined || isLoopbackUrl(url)) {
    return new Agent({ allowH2: false, connectTimeout: CONNECT_DEADLINE_MS, connect: { ...tls } });
  }
  return new ProxyAgent({
    uri: readProxyUrl(options.proxy).href,
    allowH2: false,
    connectTimeout: CONNECT_DEADLINE_MS,
    requestTls: tls,
    proxyTls: tls,
  });
}

interface Route {
  readonly url: URL;
  readonly dispatcher: Dispatcher;
  readonly options: OutboundOptions;
}

async function send({ url, dispatcher, options }: Route, request: OutboundRequest): Promise<OutboundAnswer> {
  const pathname = (url.pathname === '/' ? '' : url.pathname) + request.path;
  const subject = `${request.method} ${url.origin}${pathname}`;
  const deadline = AbortSignal.timeout(options.deadlineMs ?? REQUEST_DEADLINE_MS);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([request.signal, deadline]);
  const situation = { subject, deadline, outer: request.signal, now: options.now() };
  try {
    const response = await dispatcher.request({
      origin: url.origin,
      path: pathname,
      method: request.method,
      headers: headersOf(request),
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal,
      ...(request.query === undefined ? {} : { query: request.query }),
    });
    return await readAnswer(response, request.maxBytes, situation);
  } catch (error) {
    throw error instanceof OutboundError ? error : translateRequestError(error, situation);
  }
}

function headersOf(request: OutboundRequest): Record<string, string> {
  return {
    accept: 'application/json',
    // a cache on the way must not answer for the server (delivery, Trusted config)
    'cache-control': 'no-cache',
    'user-agent': 'reeve',
    ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.token === undefined ? {} : { authorization: `Bearer ${request.token}` }),
  };
}
