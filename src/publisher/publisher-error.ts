import { CodedError } from '../base/coded-error.ts';

export type PublisherErrorCode =
  | 'key_unusable'
  | 'wrong_passphrase'
  | 'weak_passphrase'
  | 'file_unusable'
  /** A root that nobody should sign, or that its own signatures do not carry. */
  | 'root_refused'
  | 'missing_keys'
  /** A rule of publishing would be broken (docs/publishing.md). */
  | 'rule_broken'
  | 'repository_unusable'
  | 'repository_busy'
  | 'bundle_refused'
  | 'not_newer'
  /** In a thread, in whose words the message is. */
  | 'not_published';

/** What a person who publishes did, or has, that cannot work; the message says what to do instead. */
export class PublisherError extends CodedError<PublisherErrorCode> {}
