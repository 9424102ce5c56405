import type { Domain } from './action.ts';
import type { BundleChange } from './bundle-terms.ts';
import type { SourcedChange } from './change-behind.ts';
import type { DenyCode, Origin } from './decision.ts';
import type { Layer } from './layer.ts';
import type { HostFacts, PerDomain, Staleness } from './policy-set.ts';
import type { Address, Prefix } from './resource/address.ts';

/** How one domain is ruled (semantics, 5). */
export interface DomainState {
  readonly governed: boolean;
  readonly delegated: boolean;
  readonly monitored: boolean;
  /** The org delegates it, and its policy is too old for that (delivery, "Staleness"). */
  readonly delegationSuspended: boolean;
  /** Governed by what was; its last policy is gone. */
  readonly noPoliciesLeft: boolean;
}

/** A cause that denies a whole domain whatever the rules say, for everybody or for one uid. */
export interface DomainClosure {
  readonly domain: Domain;
  readonly code: DenyCode;
  readonly reason: string;
  readonly uid: number | null;
  /** The org's own policy is the cause. */
  readonly byOrg: boolean;
}

/** A rule as `rules` lists it: everything that was written, with the cause where it takes no part. */
export interface ListedRule {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  readonly policy_name: string;
  readonly origin: Origin;
  readonly decision: string;
  readonly domain: Domain | null;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly active: boolean;
  /** Why it takes no part, or does so otherwise than written. */
  readonly cause?: string;
  /** Of the org's rules: who last changed their policy, or the bundle that it came with, when and why. */
  readonly changed?: SourcedChange;
}

export interface PolicyWarning {
  readonly code: 'rule_unparsable' | 'policy_rejected' | 'policy_inactive' | 'ungoverned_deny';
  readonly message: string;
}

/** What is wrong with a rule as it was written; `refused` = our control plane and `reeve local add` do not take it. */
export interface PlacedIssue {
  /** Rule id, or the policy's where the whole policy is meant. */
  readonly rule: string;
  readonly resource?: string;
  readonly message: string;
  readonly refused: boolean;
}

/** Everything that a decision needs, immutable, made off the main thread; plain data. */
export interface CompiledPolicy {
  readonly revision: string;
  readonly domains: PerDomain<DomainState>;
  readonly closures: readonly DomainClosure[];
  /** In the order of `ORIGINS`. */
  readonly layers: readonly Layer[];
  /** By policy id. */
  readonly changes: ReadonlyMap<string, BundleChange>;
  readonly host: HostFacts;
  readonly nat64: readonly Prefix[];
  /** Addresses that the config adds to the guard's metadata services. */
  readonly metadata: readonly Address[];
  readonly staleness: Staleness;
  readonly supportMessage: string | null;
  /** Of this revision. */
  readonly change: BundleChange | null;
  /** When the policy changes by itself, in milliseconds since the epoch; null = never. */
  readonly nextChange: number | null;
  /** When denies end that wait for a verified time to pass it; null = none does. */
  readonly awaitsVerified: number | null;
}

/** What answers are made from: one reference to it is taken for a request or a whole batch. */
export interface Snapshot {
  readonly policy: CompiledPolicy;
  /** +1 at each swap. */
  readonly generation: number;
  /** For how long answers may be cached, in milliseconds; kept beside the policy by the tick (semantics, 6). */
  readonly ttlMs: number;
}

/** The longest that an answer may be cached, and the safety before a change (semantics, 6). */
const MAX_TTL_MS = 5_000;
const TTL_MARGIN_MS = 1_000;

export function ttlAt(policy: CompiledPolicy, now: number): number {
  const untilChange = policy.nextChange === null ? MAX_TTL_MS : policy.nextChange - now - TTL_MARGIN_MS;
  return Math.max(0, Math.min(MAX_TTL_MS, untilChange));
}
