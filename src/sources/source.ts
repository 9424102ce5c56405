import type { SyncAnswer } from './poller.ts';
import type { SourceFailure, Stage } from './source-failure.ts';

/** Where an organisation's policy comes from (delivery, "Sources"). */
export type SourceType = 'governance' | 'tuf' | 'file';

/** Stable; docs/status.md says what they mean. */
export type SourceWarningCode =
  | 'no_rollback_protection'
  | 'credential_can_write'
  | 'password_credential'
  | 'superseded_keys'
  | 'damaged_metadata';

/** Something about this way to get a policy that somebody should look at. */
export interface SourceWarning {
  readonly code: SourceWarningCode;
  readonly message: string;
}

/** The newest failure; times are RFC 3339. */
export interface LastError {
  readonly stage: Stage;
  readonly code: string;
  readonly message: string;
  readonly at: string;
}

/** How one run went. */
export type SourceOutcome =
  | {
      readonly kind: 'ok';
      /** `waiting`: a first listing without policies; nothing serves until the next one says the same. */
      readonly result: 'activated' | 'unchanged' | 'waiting';
      /** Of the policy that serves; null while waiting. */
      readonly revision: string | null;
      readonly generation: number | null;
      /** Policies that are no longer listed and serve on until that is confirmed; '' = every policy. */
      readonly heldPolicies: readonly string[];
      /** The next run is wanted no later than this from now; null = nothing is to be confirmed. */
      readonly followUpMs: number | null;
    }
  | { readonly kind: 'failed'; readonly failure: SourceFailure; readonly retryAfterMs: number | null };

/** How one run ended, in a word. */
export type RunResult = Extract<SourceOutcome, { readonly kind: 'ok' }>['result'] | 'failed';

/** Times are RFC 3339. */
export interface SourceStatus {
  readonly type: SourceType;
  /** `waiting`: a first listing without policies is to be confirmed. */
  readonly state: 'starting' | 'ok' | 'waiting' | 'failing' | 'closed';
  /** Of the last complete sync, also one before this start. */
  readonly last_success: string | null;
  /** Cleared by a complete sync. */
  readonly last_error: LastError | null;
  readonly next_attempt: string | null;
  /** How the runs of this start have ended. */
  readonly runs: Readonly<Record<RunResult, number>>;
  /** Policies that the server no longer lists and that serve until that is confirmed; '' = every policy. */
  readonly pending_absences: readonly string[];
  /** What only this kind of source knows: versions, expiries. */
  readonly details: Readonly<Record<string, string | number | null>>;
  readonly warnings: readonly SourceWarning[];
}

export interface PolicySource {
  /** Begins to poll. Does not wait for the first answer. */
  start(): void;
  /** Calls off the run in progress and plans none. Idempotent. */
  close(): Promise<void>;
  /** Runs now or joins the run in progress; settles when its result is live. Never rejects. */
  sync(): Promise<SyncAnswer<SourceOutcome>>;
  /** A copy. */
  status(): SourceStatus;
}
