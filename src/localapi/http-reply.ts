import { STATUS_CODES } from '../base/node-http.ts';
import { type RequestHead, valuesOf } from './http-head.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';
import { type ApiErrorCode, errorText } from './reply-text.ts';

/** What a route answers, without its last newline. */
export type HttpReply = JsonReply | TextReply;

export interface JsonReply {
  readonly status: number;
  readonly json: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

export interface TextReply {
  readonly status: 200;
  readonly text: string;
  /** Its `Content-Type`. */
  readonly type: string;
}

/** A reply that is made bit by bit, so that others get their turns in between. */
export interface ReplyWork {
  /**
   * Works until about `until` (`performance.now()`): the reply; or a promise, where nothing can be done before it resolves;
   * or null, where there is more to do at once.
   */
  advance(until: number): HttpReply | Promise<unknown> | null;
}

export function ok(json: string): JsonReply {
  return { status: 200, json };
}

const STATUS_OF: Readonly<Record<ApiErrorCode, number>> = {
  invalid_request: 400,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  too_large: 413,
  unsupported_encoding: 415,
  not_ready: 503,
  overloaded: 503,
  internal: 500,
};

export function refusal(code: ApiErrorCode, message: string): JsonReply {
  const status = STATUS_OF[code];
  const json = errorText(code, message);
  return status === 503 ? unavailable(json, RETRY_AFTER_SECONDS) : { status, json };
}

export function unavailable(json: string, seconds: number): JsonReply {
  return { status: 503, json, headers: [['Retry-After', String(Math.max(1, Math.ceil(seconds)))]] };
}

export interface ReplyFrame {
  readonly close: boolean;
  /** null where no head could be read. */
  readonly head: RequestHead | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const JSON_TYPE = 'application/json';
const OK_START = startOf(200, JSON_TYPE);

function startOf(status: number, type: string): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\nContent-Type: ${type}\r\nContent-Length: `;
}

function startFor(reply: HttpReply): string {
  if ('text' in reply) return startOf(200, reply.type);
  return reply.status === 200 ? OK_START : startOf(reply.status, JSON_TYPE);
}

/** Writes the responses of one connection: a `Date` is made once a second, and everything goes out in one piece. */
export class ResponseWriter {
  #second = Number.NaN;
  #date = '';

  /** The whole response as it goes out; text is to be sent as UTF-8. */
  write(reply: HttpReply, { close, head, now }: ReplyFrame): string | Buffer {
    const body = `${'text' in reply ? reply.text : reply.json}\n`;
    let top = `${startFor(reply)}${Buffer.byteLength(body)}\r\nDate: ${this.#dateAt(now)}\r\n`;
    if ('headers' in reply) for (const [name, value] of reply.headers) top += `${name}: ${value}\r\n`;
    const ids = head === null ? [] : valuesOf(head, 'x-request-id');
    for (const id of ids) top += `X-Request-ID: ${id}\r\n`;
    top += close ? 'Connection: close\r\n\r\n' : '\r\n';
    // RFC 9110, 9.3.2: a response to HEAD has no body
    const rest = head?.method === 'HEAD' ? '' : body;
    if (ids.length === 0) return top + rest;
    // Latin-1 gives a request id's bytes back as they came
    return Buffer.concat([Buffer.from(top, 'latin1'), Buffer.from(rest, 'utf8')]);
  }

  #dateAt(now: number): string {
    const second = Math.floor(now / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#date = new Date(now).toUTCString();
    }
    return this.#date;
  }
}
