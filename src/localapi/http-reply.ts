import { STATUS_CODES } from 'node:http';
import type { HeaderField, RequestHead } from './http-head.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';
import { type ApiErrorCode, errorText } from './reply-text.ts';

/** What a route answers; `json` is JSON text without its newline. */
export interface HttpReply {
  readonly status: number;
  readonly json: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

export function ok(json: string): HttpReply {
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

export function refusal(code: ApiErrorCode, message: string): HttpReply {
  const status = STATUS_OF[code];
  const json = errorText(code, message);
  return status === 503 ? unavailable(json, RETRY_AFTER_SECONDS) : { status, json };
}

export function unavailable(json: string, seconds: number): HttpReply {
  return { status: 503, json, headers: [['Retry-After', String(Math.max(1, Math.ceil(seconds)))]] };
}

export interface ReplyFrame {
  readonly close: boolean;
  /** null where no head could be read. */
  readonly head: RequestHead | null;
  readonly date: Date;
}

/** The whole response as it goes out. */
export function responseBytes(reply: HttpReply, { close, head, date }: ReplyFrame): Buffer {
  const body = Buffer.from(`${reply.json}\n`, 'utf8');
  const fields: (readonly [string, string])[] = [
    ['Content-Type', 'application/json'],
    ['Content-Length', String(body.length)],
    ['Date', date.toUTCString()],
    ...(reply.headers ?? []),
    ...(head?.fields ?? []).filter(isRequestId).map(([, value]) => ['X-Request-ID', value] as const),
  ];
  if (close) fields.push(['Connection', 'close']);
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const start = `HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? 'Unknown'}\r\n`;
  // Latin-1 gives a request id's bytes back as they came
  const top = Buffer.from(`${start}${lines}\r\n`, 'latin1');
  // RFC 9110, 9.3.2: a response to HEAD has no body
  return head?.method === 'HEAD' ? top : Buffer.concat([top, body]);
}

function isRequestId([name]: HeaderField): boolean {
  return name === 'x-request-id';
}
