import type { Dispatcher } from 'undici';
import { parseStrictJson } from '../schema/strict-json.ts';
import { OutboundError, type OutboundErrorCode } from './outbound-error.ts';
import type { Situation } from './outbound-translate.ts';
import { emptyAnswer, failure, headerReader, readBytes } from './response-bytes.ts';
import { type HeaderReader, httpDate, retryAfterMs } from './retry-after.ts';

export interface OutboundAnswer {
  readonly value: unknown;
  /** The server's clock as it answered, in milliseconds since the epoch; null = it gave none. */
  readonly date: number | null;
}

const MAX_ERROR_BODY_BYTES = 16 * 1024;

/** The codes of the governance API. Only these are repeated: any other word in an answer may be a secret. */
const KNOWN_CODES = new Set([
  'not_found',
  'conflict',
  'invalid_argument',
  'unauthenticated',
  'permission_denied',
  'limit_exceeded',
  'unimplemented',
  'internal',
]);

const STATUS_CODES: Readonly<Record<number, OutboundErrorCode>> = {
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  407: 'proxy_failed',
  429: 'rate_limited',
  503: 'unavailable',
};

const NOT_FOUND_ADVICE = ': see `source.base_url` and `source.org`';

/** 200 with JSON, whole and within `maxBytes`; everything else is an error that says which way it failed. */
export async function readAnswer(
  response: Dispatcher.ResponseData,
  maxBytes: number,
  situation: Situation,
): Promise<OutboundAnswer> {
  const header = headerReader(response);
  if (response.statusCode !== 200) throw await refused(response, header, situation);
  const type = header('content-type');
  if (type !== undefined && !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type.trim())) {
    throw failure(
      'not_json',
      situation,
      'answered 200 with something that is not JSON: is a captive portal in the way?',
    );
  }
  const bytes = await readBytes(response, maxBytes, situation);
  return { value: parseJson(bytes, situation), date: httpDate(header('date')) };
}

function parseJson(bytes: Buffer, situation: Situation): unknown {
  const reading = parseStrictJson(bytes);
  if (reading.kind === 'value') return reading.value;
  throw failure('invalid_json', situation, `answered with broken or incomplete JSON: ${reading.message}`);
}

async function refused(
  response: Dispatcher.ResponseData,
  header: HeaderReader,
  situation: Situation,
): Promise<OutboundError> {
  const status = response.statusCode;
  const apiCode = status < 400 ? null : await apiCodeOf(response, situation);
  const empty = emptyAnswer(status, situation);
  if (empty !== null) return empty;
  const wait = status === 429 || status === 503 ? retryAfterMs(header, situation.now) : null;
  const suffix = `${apiCode === null ? '' : ` (${apiCode})`}${status === 404 ? NOT_FOUND_ADVICE : ''}`;
  const code = STATUS_CODES[status] ?? 'http_status';
  return new OutboundError(code, `${situation.subject} answered ${status}${suffix}`, wait);
}

async function apiCodeOf(response: Dispatcher.ResponseData, situation: Situation): Promise<string | null> {
  try {
    const value = parseJson(await readBytes(response, MAX_ERROR_BODY_BYTES, situation), situation);
    const { error } = value as { error?: { code?: unknown } };
    return typeof error?.code === 'string' && KNOWN_CODES.has(error.code) ? error.code : null;
  } catch {
    // what came with the refusal does not matter: the status says enough
    return null;
  }
}
