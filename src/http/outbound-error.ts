import { CodedError } from '../base/coded-error.ts';

export type OutboundErrorCode =
  /** No bytes: name, route, refused connection, reset. */
  | 'unreachable'
  | 'timeout'
  | 'tls_failed'
  | 'proxy_failed'
  /** The run was called off (shutdown, an earlier error, its own deadline). */
  | 'aborted'
  | 'redirect'
  | 'http_status'
  | 'unauthenticated'
  | 'permission_denied'
  | 'not_found'
  | 'rate_limited'
  | 'unavailable'
  /** 304 to a question that held no validator, 204 and other successes that carry no content. */
  | 'no_content'
  | 'too_large'
  | 'truncated'
  /** Bytes that are not HTTP. */
  | 'malformed_http'
  | 'unexpected_encoding'
  /** Something that is not JSON by its own account: a captive portal, a proxy's error page. */
  | 'not_json'
  | 'invalid_json'
  | 'insecure_url'
  | 'invalid_url'
  | 'ca_unreadable';

/**
 * A request that gave nothing to believe. It never carries a header, a body or a `cause`: any of them may hold a
 * credential, and the text of an error ends up in logs and in `status`.
 */
export class OutboundError extends CodedError<OutboundErrorCode> {
  readonly stage = 'fetch';
  /** Milliseconds the server asked to be left alone for. */
  readonly retryAfterMs: number | null;

  constructor(code: OutboundErrorCode, message: string, retryAfterMs: number | null = null) {
    super(code, message);
    this.retryAfterMs = retryAfterMs;
  }
}
