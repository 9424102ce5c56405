import { CodedError } from '../base/coded-error.ts';

export type ServiceErrorCode =
  | 'unsupported_platform'
  | 'not_root'
  | 'no_home'
  | 'unsafe_program'
  | 'unusable_path'
  | 'unusable_configuration'
  | 'file_in_the_way'
  | 'foreign_account'
  | 'write_failed'
  | 'command_failed';

/** The service cannot be installed, removed or looked at; the message says what to do. */
export class ServiceError extends CodedError<ServiceErrorCode> {}
