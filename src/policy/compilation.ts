import type { OrgPart } from './org-part.ts';
import type { CompiledPolicy, ListedRule, PlacedIssue, PolicyWarning } from './snapshot.ts';

export interface RuleCounts {
  readonly active: number;
  readonly inactive: number;
}

/** What compiling found out besides: for whoever looks after the policy, and of no use to a decision. */
export interface CompileReport {
  /** Empty where nobody asked for it. */
  readonly listing: readonly ListedRule[];
  /** How many rules take part, and how many do not; beside all of them those of local files. */
  readonly counts: RuleCounts & { readonly local: RuleCounts };
  readonly warnings: readonly PolicyWarning[];
  /** Of org and local rules. */
  readonly issues: readonly PlacedIssue[];
  /** What `host.links` has to be resolved for, now and every minute (Paths 7). */
  readonly literalPrefixes: readonly string[];
  /** What can stand in for the org's part of a later compile; null where nobody said what the policies are. */
  readonly org: OrgPart | null;
}

export type Compilation = CompiledPolicy & CompileReport;
