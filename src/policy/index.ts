/**
 * `reeve/policy`: the decision semantics as a pure library. Give `compile` everything that was delivered, and ask
 * `decide` or `explain`; neither touches the disk, the network or the clock.
 */
export { ACTION_BIT, type Action, type Domain } from './action.ts';
export { builtinRules, type ProtectedPaths } from './builtin-rules.ts';
export type { BundleChange } from './bundle-terms.ts';
export type { SourcedChange } from './change-behind.ts';
export { compile } from './compile.ts';
export { decide } from './decide.ts';
export type {
  AllowCode,
  Answer,
  CanonicalRequest,
  DecisionCode,
  DenyCode,
  DeterminingRule,
  Effect,
  Origin,
} from './decision.ts';
export { type ExplainedRule, type Explanation, explain, type LayerOutcome } from './explain.ts';
export type {
  Closure,
  HostFacts,
  LocalFileInput,
  PolicySet,
  PresetInput,
  ResolvedPrefix,
  Staleness,
} from './policy-set.ts';
export { type Request, type RequestReading, readRequest, withReal } from './request.ts';
export { checkRule, type RuleCheck, type RuleWriter } from './rule-check.ts';
export type { RuleIssue } from './rule-shape.ts';
export { type CompiledPolicy, type ListedRule, type Snapshot, ttlAt } from './snapshot.ts';
export type { Asker } from './verdict.ts';
