import { CodedError } from '../base/coded-error.ts';

export type LocalApiErrorCode =
  | 'path_too_long'
  | 'already_running'
  | 'unsafe_socket_path'
  | 'listen_failed'
  | 'activation_invalid';

/** Why the sockets could not be opened; the daemon does not start. */
export class LocalApiError extends CodedError<LocalApiErrorCode> {}
