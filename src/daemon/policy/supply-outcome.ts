import type { KnownPolicy } from '../../store/policy-state.ts';
import type { Refusal } from './policy-thread.ts';

export type ResetOutcome =
  /** What was known is given up; `trouble`: why nothing new is made yet. */
  ({ readonly kind: 'reset'; readonly trouble: string | null } & KnownPolicy) | Refusal;

/** `failed`: everything is as it was. */
export type ConfigOutcome = { readonly kind: 'changed' } | Refusal;

export const BUSY: Refusal = {
  kind: 'failed',
  code: 'not_ready',
  message: 'the daemon is starting or stopping: try again',
};
