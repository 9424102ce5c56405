import type { Dispatcher } from 'undici';
import { OutboundError, type OutboundErrorCode } from './outbound-error.ts';
import { type Situation, translateBodyError } from './outbound-translate.ts';
import type { HeaderReader } from './retry-after.ts';

type Response = Dispatcher.ResponseData;

/** A repeated header counts by its first value. */
export function headerReader(response: Response): HeaderReader {
  return (name) => {
    const value = response.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
}

/** The whole body as it is on the wire, no longer than `maxBytes`. What is left of it stays with the caller. */
export async function readBytes(response: Response, maxBytes: number, situation: Situation): Promise<Buffer> {
  const header = headerReader(response);
  if ((header('content-encoding') ?? 'identity') !== 'identity') {
    throw failure('unexpected_encoding', situation, 'answered with an encoding nobody asked for');
  }
  const tooLarge = (): OutboundError => failure('too_large', situation, `answered with more than ${maxBytes} bytes`);
  if (Number(header('content-length') ?? 0) > maxBytes) throw tooLarge();
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

/** A success that carries no content, or a redirect; null for any other status. */
export function emptyAnswer(status: number, situation: Situation): OutboundError | null {
  if (status === 304) return failure('no_content', situation, 'answered 304, though nothing was held to compare with');
  if (status < 300) return failure('no_content', situation, `answered ${status} without content`);
  if (status < 400) return failure('redirect', situation, `answered ${status}, and redirects are not followed`);
  return null;
}

export function failure(code: OutboundErrorCode, situation: Situation, what: string): OutboundError {
  return new OutboundError(code, `${situation.subject} ${what}`);
}
