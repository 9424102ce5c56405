import { CodedError, messageOf } from '../base/coded-error.ts';
import { OutboundError } from '../http/outbound-error.ts';

/** Where on its way a policy got stuck (architecture, The two ways). */
export type Stage = 'fetch' | 'verify' | 'store' | 'compile' | 'activate';

export type SourceErrorCode =
  | 'credential_unreadable'
  | 'credential_refused'
  | 'unexpected_answer'
  | 'page_loop'
  | 'too_many_pages'
  | 'too_large'
  /** Policies kept changing between the list and the get. */
  | 'changed_during_sync'
  | 'unknown_member'
  | 'other_org'
  | 'invalid_policy'
  | 'unknown_status'
  | 'invalid_bundle'
  | 'unknown_feature'
  | 'version_too_low'
  | 'expired_bundle'
  | 'failing_test'
  | 'file_unreadable'
  | 'not_signed'
  | 'bad_signature'
  | 'invalid_key'
  /** Older than what this machine has served. */
  | 'rollback'
  | 'source_closed';

/** A sync that cannot be completed; the last good policy keeps serving. */
export class SourceError extends CodedError<SourceErrorCode> {
  readonly stage: Stage;

  constructor(stage: Stage, code: SourceErrorCode, message: string) {
    super(code, message);
    this.stage = stage;
  }
}

/** An error as `status` shows it: data, one line, without any secret. */
export interface SourceFailure {
  readonly stage: Stage;
  readonly code: string;
  readonly message: string;
  /** The server asked to be left alone for so long. */
  readonly retryAfterMs: number | null;
}

/** `stage` is where it happened if the error does not say so itself. */
export function failureOf(error: unknown, stage: Stage): SourceFailure {
  const message = lineOf(messageOf(error));
  if (error instanceof OutboundError) {
    return { stage: error.stage, code: error.code, message, retryAfterMs: error.retryAfterMs };
  }
  const where = error instanceof SourceError ? error.stage : stage;
  const code = error instanceof CodedError ? String(error.code) : 'internal';
  return { stage: where, code, message, retryAfterMs: null };
}

/** More than any message of ours has. */
const LONGEST_MESSAGE = 1_000;

/** A library may have put into its message what a server said, as long as that was, with whatever a terminal obeys. */
function lineOf(text: string): string {
  const line = text.slice(0, LONGEST_MESSAGE).replaceAll(/\s+/g, ' ');
  return line.replaceAll(/\p{C}/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
