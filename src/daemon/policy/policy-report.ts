import type { Compilation, CompileReport } from '../../policy/compilation.ts';
import type { CompiledPolicy } from '../../policy/snapshot.ts';
import { SAME_TREES } from '../../realpath/mount-trees.ts';
import { DEFAULT_LIMITS } from '../status/staleness.ts';
import type { PolicyReport, Publication, SupplyFacts } from './policy-messages.ts';

/** The most warnings of one kind that are listed one by one. */
const MAX_POLICY_WARNINGS = 50;

export const NO_REPORT: PolicyReport = {
  active: 0,
  inactive: 0,
  local: { active: 0, inactive: 0 },
  warnings: [],
  warningCount: 0,
};

/** Before anything is known of the supply. */
export const NO_FACTS: SupplyFacts = {
  organisation: null,
  confirmedAt: null,
  notBefore: null,
  limits: DEFAULT_LIMITS,
  terms: null,
  rollbackProtection: false,
  source: null,
  localFiles: [],
  localWarnings: [],
  mounts: SAME_TREES,
};

/** What `status` needs of a compilation. */
export function reportOf({ counts, warnings }: Pick<CompileReport, 'counts' | 'warnings'>): PolicyReport {
  return {
    ...counts,
    warnings: warnings.slice(0, MAX_POLICY_WARNINGS),
    warningCount: warnings.length,
  };
}

/** What crosses to the main thread: nothing that grows with the rules, except in shared memory. */
export function publicationOf(compilation: Compilation, cause: string): Publication {
  const { report, policy } = parted(compilation);
  // only the next compile needs the links
  const host = { ...policy.host, links: new Map() };
  return { policy: { ...policy, host }, cause, report: reportOf(report) };
}

/** What decisions need, and what only those need who look after the policy. */
export function parted(compilation: Compilation): { readonly policy: CompiledPolicy; readonly report: CompileReport } {
  const { listing, counts, warnings, issues, literalPrefixes, org, ...policy } = compilation;
  return { policy, report: { listing, counts, warnings, issues, literalPrefixes, org } };
}
