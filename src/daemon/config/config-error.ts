import { CodedError } from '../../base/coded-error.ts';

export type ConfigErrorCode =
  | 'config_untrusted'
  | 'config_invalid'
  | 'no_home'
  | 'system_install_exists'
  | 'unsafe_environment'
  | 'state_unusable'
  | 'already_running'
  | 'log_unusable';

/** The daemon cannot start as it was told to; the message says what to do. */
export class ConfigError extends CodedError<ConfigErrorCode> {}
