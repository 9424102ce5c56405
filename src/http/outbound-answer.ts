import type { Dispatcher } from 'undici';
import { parseStrictJson } from '../schema/strict-json.ts';
import { OutboundError, type OutboundErrorCode } from './outbound-error.ts';
import { type Situation, translateBodyError } from './outbound-translate.ts';
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
  // destroying a body that nobody reads any more emits an error; it must not become an uncaught one
  response.body.on('error', () => undefined);
  const header = headerReader(response);
  if (response.statusCode !== 200) throw await refused(response, header, situation);
  try {
    const type = header('content-type');
    if (type !== undefined && !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type.trim())) {
      throw failure(
        'not_json',
        situation,
        'answered 200 with something that is not JSON: is a captive portal in the way?',
      );
    }
    if ((header('content-encoding') ?? 'identity') !== 'identity') {
      throw failure('unexpected_encoding', situation, 'answered with an encoding nobody asked for');
    }
    const bytes = await readBytes(response, maxBytes, situation);
    return { value: parseJson(bytes, situation), date: httpDate(header('date')) };
  } finally {
    response.body.destroy();
  }
}

function headerReader(response: Dispatcher.ResponseData): HeaderReader {
  return (name) => {
    const value = response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
}

async function readBytes(response: Dispatcher.ResponseData, maxBytes: number, situation: Situation): Promise<Buffer> {
  const tooLarge = (): OutboundError => failure('too_large', situation, `answered with more than ${maxBytes} bytes`);
  if (Number(headerReader(response)('content-length') ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      // counted while reading: an announced length is a claim
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof OutboundError ? error : translateBodyError(error, situation);
  }
  return Buffer.concat(chunks, size);
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
  response.body.destroy();
  if (status === 304) return failure('no_content', situation, 'answered 304, though nothing was held to compare with');
  if (status < 300) return failure('no_content', situation, `answered ${status} without a policy`);
  if (status < 400) return failure('redirect', situation, `answered ${status}, and redirects are not followed`);
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

function failure(code: OutboundErrorCode, situation: Situation, what: string): OutboundError {
  return new OutboundError(code, `${situation.subject} ${what}`);
}
