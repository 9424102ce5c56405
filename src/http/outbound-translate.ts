import { codeOf } from '../base/coded-error.ts';
import { OutboundError, type OutboundErrorCode } from './outbound-error.ts';

/** What an error of a running request is judged by. */
export interface Situation {
  /** Method and URL without its query. */
  readonly subject: string;
  readonly deadline: AbortSignal;
  readonly outer: AbortSignal | undefined;
  readonly now: number;
}

const TLS_CODE = /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|EPROTO|HOSTNAME_MISMATCH|INVALID_CA)/;
const TIMEOUT_CODE = /TIMEOUT|ETIMEDOUT/;
const PROXY_CODE = /^UND_ERR_PRX/;
const SAFE_CODE = /^[A-Z][A-Z0-9_]{1,48}$/;

/** The driver's errors become ours here; their text, which may hold bytes of the exchange, stays behind. */
export function translateRequestError(error: unknown, situation: Situation): OutboundError {
  return called(situation) ?? translated(error, situation, 'unreachable');
}

/** An error after the head of an answer: what came is incomplete. */
export function translateBodyError(error: unknown, situation: Situation): OutboundError {
  return called(situation) ?? translated(error, situation, 'truncated');
}

function called({ deadline, outer, subject }: Situation): OutboundError | null {
  if (outer?.aborted === true) return new OutboundError('aborted', `${subject} was called off`);
  return deadline.aborted ? new OutboundError('timeout', `${subject} took longer than its deadline`) : null;
}

function translated(error: unknown, situation: Situation, otherwise: OutboundErrorCode): OutboundError {
  const cause = safeCodeOf(error);
  const code = classify(error, cause) ?? otherwise;
  return new OutboundError(
    code,
    `${situation.subject} failed: ${WORDS[code] ?? 'no answer'}${cause === null ? '' : ` (${cause})`}`,
  );
}

const WORDS: Partial<Record<OutboundErrorCode, string>> = {
  timeout: 'no answer in time',
  tls_failed: 'the server could not prove who it is',
  proxy_failed: 'the proxy did not open the way',
  malformed_http: 'the answer is not HTTP',
  truncated: 'the answer broke off',
  too_large: 'the head of the answer has no end',
  unreachable: 'no connection',
};

function classify(error: unknown, code: string | null): OutboundErrorCode | null {
  if (error instanceof Error && error.name === 'HTTPParserError') return 'malformed_http';
  if (error instanceof Error && /proxy/i.test(error.message)) return 'proxy_failed';
  if (code === null) return null;
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'too_large';
  if (PROXY_CODE.test(code)) return 'proxy_failed';
  if (TIMEOUT_CODE.test(code)) return 'timeout';
  return TLS_CODE.test(code) ? 'tls_failed' : null;
}

function safeCodeOf(error: unknown): string | null {
  const code = codeOf(error);
  return code !== null && SAFE_CODE.test(code) ? code : null;
}
