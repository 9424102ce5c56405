import type { Domain } from './action.ts';

type DomainFlags = Partial<Readonly<Record<Domain, boolean>>>;

/** Who changed a bundle or a policy, when, why and under which ticket, as far as it says. */
export interface BundleChange {
  readonly by?: string;
  readonly at?: string;
  readonly reason?: string;
  readonly ticket?: string;
}

/** How old a policy may become, in milliseconds, each more than the one before (delivery, "Staleness"). */
export interface StalenessLimits {
  readonly warnAfterMs: number;
  readonly restrictAfterMs: number;
  readonly blockAfterMs: number;
}

/** What a bundle promises beside its policies (delivery, "The bundle"). Plain JSON data: it is stored as it is. */
export interface BundleTerms {
  /** Milliseconds since the epoch, as `expiresAt`. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly governed: readonly Domain[];
  readonly delegated: DomainFlags;
  readonly monitored: DomainFlags;
  /** Null = what the daemon takes by default. */
  readonly staleness: StalenessLimits | null;
  readonly pollIntervalMs: number | null;
  readonly supportMessage: string | null;
  readonly change: BundleChange | null;
  /** Features that a daemon must have. */
  readonly requires: readonly string[];
  /** The oldest version that may serve it; null = any. */
  readonly minVersion: string | null;
  /** It carries a next bundle to evaluate beside it. */
  readonly shadow: boolean;
}
