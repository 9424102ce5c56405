import { CodedError } from '../base/coded-error.ts';

export type ControlPlaneErrorCode =
  | 'plain_http_refused'
  | 'tls_unusable'
  | 'listen_failed'
  | 'invalid_credential'
  | 'invalid_team'
  | 'identifier_in_use'
  | 'credential_not_found'
  | 'team_not_found';

/** What an operator did that cannot work; the message says what to do instead. */
export class ControlPlaneError extends CodedError<ControlPlaneErrorCode> {}
