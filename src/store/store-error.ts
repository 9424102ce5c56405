import { CodedError } from '../base/coded-error.ts';

export type StoreErrorCode =
  /** The file cannot be opened, created or given its mode. */
  | 'database_unusable'
  /** The file is not a database, or `quick_check` found damage. */
  | 'database_corrupt'
  /** The file was written by a newer version of this program. */
  | 'database_newer'
  /** A numbered migration did not apply; nothing of it stays. */
  | 'migration_failed'
  /** A row does not hold what this program wrote. */
  | 'row_invalid'
  /** The high-water mark cannot be written; nothing is activated without it. */
  | 'mark_unwritable';

/** A database that cannot be used as it is; the message says what to do next. */
export class StoreError extends CodedError<StoreErrorCode> {}
