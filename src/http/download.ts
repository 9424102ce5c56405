import type { Dispatcher } from 'undici';
import { openDispatcher, type WayOut } from './dispatcher.ts';
import { exchange } from './exchange.ts';
import { OutboundError, type OutboundErrorCode } from './outbound-error.ts';
import type { Situation } from './outbound-translate.ts';
import { readBaseUrl } from './outbound-url.ts';
import { emptyAnswer, headerReader, readBytes } from './response-bytes.ts';
import { retryAfterMs } from './retry-after.ts';

export interface DownloaderOptions extends WayOut {
  /** Every file lies below it; https, or http towards loopback only. */
  readonly baseUrl: string;
  readonly now: () => number;
}

export interface DownloadRequest {
  /** Below the base URL, starting with `/`, components already encoded. */
  readonly path: string;
  /** Counted while reading. */
  readonly maxBytes: number;
  /** A validator that came with bytes that are still held. */
  readonly ifNoneMatch?: string | null;
  readonly signal?: AbortSignal;
  /** Over everything, the body included. */
  readonly deadlineMs?: number | undefined;
}

export type Download =
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly etag: string | null }
  /** Only as an answer to a validator. */
  | { readonly kind: 'not_modified' }
  /** 404, or 403, which is how some stores say it; `subject` is what was asked. */
  | { readonly kind: 'absent'; readonly status: number; readonly subject: string };

/** Bytes from one origin. Everything that is not whole and bounded throws an `OutboundError`. */
export interface Downloader {
  get(request: DownloadRequest): Promise<Download>;
  close(): Promise<void>;
}

/** What may stand in a header that we send back. */
const ETAG = /^(?:W\/)?"[\x21\x23-\x7e]{1,200}"$/;

/** What comes with a refusal says nothing. */
const MAX_REFUSAL_BYTES = 16 * 1024;

const STATUS_CODES: Readonly<Record<number, OutboundErrorCode>> = {
  401: 'unauthenticated',
  407: 'proxy_failed',
  429: 'rate_limited',
  503: 'unavailable',
};

/** Opens no connection yet. Throws an `OutboundError` when the URLs or the CA file cannot be used. */
export function openDownloader(options: DownloaderOptions): Downloader {
  const url = readBaseUrl(options.baseUrl);
  const dispatcher = openDispatcher(url, options);
  const route = { url, dispatcher, now: options.now };
  return {
    get: ({ path, signal, deadlineMs, maxBytes, ifNoneMatch = null }) =>
      exchange(
        route,
        { method: 'GET', path, signal, deadlineMs, headers: headersOf(ifNoneMatch) },
        (response, situation) => readDownload(response, situation, { maxBytes, validated: ifNoneMatch !== null }),
      ),
    close: () => dispatcher.destroy(),
  };
}

interface Expected {
  readonly maxBytes: number;
  readonly validated: boolean;
}

async function readDownload(
  response: Dispatcher.ResponseData,
  situation: Situation,
  { maxBytes, validated }: Expected,
): Promise<Download> {
  const header = headerReader(response);
  const status = response.statusCode;
  if (status === 200) {
    const bytes = await readBytes(response, maxBytes, situation);
    const etag = header('etag') ?? '';
    return { kind: 'bytes', bytes, etag: ETAG.test(etag) ? etag : null };
  }
  // read to its end, or the connection is lost: every poll asks for a root that is not there yet
  await readBytes(response, MAX_REFUSAL_BYTES, situation).catch(() => undefined);
  if (status === 304 && validated) return { kind: 'not_modified' };
  if (status === 403 || status === 404) return { kind: 'absent', status, subject: situation.subject };
  const empty = emptyAnswer(status, situation);
  if (empty !== null) throw empty;
  const wait = status === 429 || status === 503 ? retryAfterMs(header, situation.now) : null;
  throw new OutboundError(STATUS_CODES[status] ?? 'http_status', `${situation.subject} answered ${status}`, wait);
}

function headersOf(ifNoneMatch: string | null): Record<string, string> {
  return {
    // caps, lengths and hashes have to see the bytes that were published
    'accept-encoding': 'identity',
    // a cache on the way must not answer for the server (delivery, Trusted config)
    'cache-control': 'no-cache',
    'user-agent': 'reeve',
    ...(ifNoneMatch === null ? {} : { 'if-none-match': ifNoneMatch }),
  };
}
