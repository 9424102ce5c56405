import type { Domain } from './action.ts';
import type { DenyCode, Origin } from './decision.ts';
import type { Hits } from './index/hits.ts';
import { textAt } from './index/text-table.ts';
import type { Layer } from './layer.ts';
import { type RuleText, ruleAt } from './rule-table.ts';
import type { CompiledPolicy, DomainState } from './snapshot.ts';
import { APPROVAL, type Asked, counts, DENIES } from './target-table.ts';

/** Who asks. `uid` null = unknown: no credentials, or 65534, which containers show for everybody. */
export interface Asker {
  readonly uid: number | null;
}

/** What a container shows for everybody: nobody in particular. */
const NOBODY = 65_534;

/** Whose question it is: the uid that root named, else the asker's; null = unknown (Paths 6). */
export function uidOf(request: { readonly uid: number | null }, asker: Asker): number | null {
  const uid = request.uid ?? asker.uid;
  return uid === NOBODY ? null : uid;
}

/** Semantics, 2: only root may ask with another's uid. */
export function mayAsk(request: { readonly uid: number | null }, asker: Asker): boolean {
  return request.uid === null || request.uid === asker.uid || asker.uid === 0;
}

/** A position in `layer.targets` that matched and counts. */
export interface Match {
  readonly layer: Layer;
  readonly target: number;
}

/** One reason to deny. All of them are found; the answer shows the first of their order (`firstCause`). */
export interface Cause {
  readonly code: DenyCode;
  /** For a person; '' where the rule that matched says it all. */
  readonly reason: string;
  readonly match: Match | null;
}

/** What the rules say. `grant` is the determining allow; it counts only where there is no cause. */
export interface Verdict {
  readonly grant: Match | null;
  readonly causes: readonly Cause[];
}

/** The code of a deny by a rule of each origin; a preset is a choice of this machine, as local files are. */
export const DENY_CODE = {
  builtin: 'builtin_deny',
  org: 'org_deny',
  local: 'local_deny',
  preset: 'local_deny',
} as const satisfies Record<Origin, DenyCode>;

/** Semantics, 6: the order in which causes are shown; codes not listed come after `policy_invalid`. */
const LAST_CAUSES: readonly DenyCode[] = [
  'builtin_deny',
  'org_deny',
  'local_deny',
  'address_guard',
  'approval_required',
  'default_deny',
];
const FIRST_CAUSES: readonly DenyCode[] = ['invalid_request', 'unresolvable_path', 'policy_invalid'];

export function firstCause(causes: readonly Cause[]): Cause | undefined {
  let first = causes[0];
  if (first === undefined || causes.length === 1) return first;
  for (const cause of causes) if (rank(cause.code) < rank(first.code)) first = cause;
  return first;
}

function rank(code: DenyCode): number {
  const early = FIRST_CAUSES.indexOf(code);
  if (early >= 0) return early;
  const late = LAST_CAUSES.indexOf(code);
  return FIRST_CAUSES.length + 1 + late;
}

export function ruleOf({ layer, target }: Match): RuleText {
  return ruleAt(layer.rules, layer.targets.rules[target] ?? 0);
}

/** The resource of the rule, as it was written. */
export function resourceOf({ layer, target }: Match): string {
  const { texts, textNumbers } = layer.targets;
  return textAt(texts, textNumbers[target] ?? 0);
}

/** No target. */
export const NONE = -1;

/** The first of the hits, in rule order, that counts as a deny. */
export function firstDeny(layer: Layer, hits: Hits, asked: Asked): number {
  return firstOf(layer, hits, asked, { mask: DENIES, flags: DENIES, from: 0 });
}

/** The first of those from the `from`th hit on that counts as an allow. */
export function firstAllow(layer: Layer, hits: Hits, asked: Asked, from = 0): number {
  return firstOf(layer, hits, asked, { mask: DENIES, flags: 0, from });
}

/** The first that counts as an allow that asks for an approval. */
export function firstApproval(layer: Layer, hits: Hits, asked: Asked): number {
  return firstOf(layer, hits, asked, { mask: DENIES | APPROVAL, flags: APPROVAL, from: 0 });
}

interface Sought {
  /** Of a target's flags, these bits have to be `flags`. */
  readonly mask: number;
  readonly flags: number;
  readonly from: number;
}

function firstOf({ targets }: Layer, hits: Hits, asked: Asked, { mask, flags, from }: Sought): number {
  let first = NONE;
  for (let index = from; index < hits.count; index += 1) {
    const target = hits.at(index);
    if (((targets.flags[target] ?? DENIES) & mask) !== flags || (first !== NONE && target >= first)) continue;
    // what is no target of the layer has no flags, and never counts
    if (counts(targets, target, asked)) first = target;
  }
  return first;
}

/** The earlier of two targets, either of which may be `NONE`. */
export function earlier(one: number, other: number): number {
  if (one === NONE || other === NONE) return Math.max(one, other);
  return Math.min(one, other);
}

/** Said beside a default deny where the org governs a domain that its last policy has left (semantics, 5). */
export function emptiedNote({ governed, noPoliciesLeft }: DomainState): string {
  return governed && noPoliciesLeft ? ' (governed, no policies left)' : '';
}

/** What an answer says for `approval_required`. */
export const APPROVAL_REASON = 'the policy asks for an approval first';

/** Semantics, 7.6: no input exceeds the step budget; what was not looked at to its end is not an allow. */
export const EXHAUSTED: Cause = {
  code: 'internal',
  reason: 'matching this against the policy takes too many steps: simplify its patterns with several globs',
  match: null,
};

/** Adds the whole-domain causes: no policy, conflict, staleness, rules that cannot be evaluated. */
export function addClosures(causes: Cause[], policy: CompiledPolicy, domain: Domain, uid: number | null): void {
  for (const closure of policy.closures) {
    if (closure.domain !== domain || (closure.uid !== null && closure.uid !== uid)) continue;
    causes.push({ code: closure.code, reason: closure.reason, match: null });
  }
}
