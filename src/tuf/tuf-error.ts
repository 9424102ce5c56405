import { CodedError } from '../base/coded-error.ts';

export type TufErrorCode =
  // On the way to the bytes.
  | 'network'
  | 'http_status'
  | 'too_large'
  | 'deadline'
  /** A file that has to be there is not. */
  | 'absent'
  // About the bytes.
  | 'malformed'
  | 'bad_signature'
  | 'expired'
  /** Issued later than now: this machine's clock is behind, or the publisher's ahead. */
  | 'not_yet_valid'
  | 'rollback'
  /** Files of different publications. */
  | 'mix_and_match'
  | 'no_such_target'
  | 'target_mismatch'
  /** This machine's own database. */
  | 'store';

/** A repository that cannot be believed as it stands. None of these is a change of policy. */
export class TufError extends CodedError<TufErrorCode> {
  /** Which metadata: a role's name, or `target`. */
  readonly role: string;

  constructor(code: TufErrorCode, role: string, what: string, options?: ErrorOptions) {
    super(code, `${role}: ${what}`, options);
    this.role = role;
  }
}

/** Policy that rests on a key which the newest root has revoked: it must not serve, wherever it comes from. */
export class RevokedKeyError extends TufError {
  constructor(role: string, options: ErrorOptions) {
    const what = 'rests on the signature of a key that the root has revoked: publish with another one';
    super('bad_signature', role, what, options);
  }
}
