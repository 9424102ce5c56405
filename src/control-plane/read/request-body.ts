import type { IncomingMessage } from 'node:http';
import { readBoundedBody } from '../../http/bounded-body.ts';
import { type Problem, problem } from '../../http/problem.ts';
import { parseStrictJson } from '../../schema/strict-json.ts';
import { MAX_BODY_BYTES } from '../limits.ts';

type RequestBody =
  | { readonly kind: 'body'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly status: 400 | 413 | 415; readonly problem: Problem }
  /** Nobody is left to answer. */
  | { readonly kind: 'gone' };

const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** The JSON of a request, read by what it announces and never by more than the limit. */
export async function readRequestBody(request: IncomingMessage): Promise<RequestBody> {
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    return refused(415, 'send the body as `Content-Type: application/json`');
  }
  if ((request.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    return refused(415, 'send the body without `Content-Encoding`');
  }
  const reading = await readBoundedBody(request, MAX_BODY_BYTES);
  switch (reading.kind) {
    case 'aborted':
      return { kind: 'gone' };
    case 'too_large':
      return refused(413, `a body has at most ${MAX_BODY_BYTES} bytes`);
    case 'body': {
      const parsed = parseStrictJson(reading.bytes);
      return parsed.kind === 'value' ? { kind: 'body', value: parsed.value } : refused(400, parsed.message);
    }
  }
}

function refused(status: 400 | 413 | 415, message: string): RequestBody {
  return { kind: 'refused', status, problem: problem('invalid_argument', message) };
}
