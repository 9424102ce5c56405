import type { Domain } from './action.ts';
import type { DenyCode, Effect, Origin } from './decision.ts';
import type { Layer, LayerRule, Target } from './layer.ts';
import type { CompiledPolicy, DomainState } from './snapshot.ts';

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

/** The parts of a question that decide whether a rule that matches also counts. */
export interface Asked {
  readonly actions: number;
  readonly port: number | null;
  readonly uid: number | null;
  /** uid known, neither root nor nobody, home found (Paths 6). */
  readonly ordinary: boolean;
}

/** A position in `layer.targets` that matched and counts. */
export interface Match {
  readonly layer: Layer;
  readonly target: number;
}

/** One reason to deny. All of them are found; the answer shows the first of their order (`firstCause`). */
export interface Cause {
  readonly code: DenyCode;
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
  let first: Cause | undefined;
  for (const cause of causes) if (first === undefined || rank(cause.code) < rank(first.code)) first = cause;
  return first;
}

function rank(code: DenyCode): number {
  const early = FIRST_CAUSES.indexOf(code);
  if (early >= 0) return early;
  const late = LAST_CAUSES.indexOf(code);
  return FIRST_CAUSES.length + 1 + late;
}

export function ruleOf(layer: Layer, target: number): LayerRule {
  const rule = layer.rules[targetAt(layer, target).rule];
  if (rule === undefined) throw new RangeError('a target points at no rule');
  return rule;
}

export function targetAt(layer: Layer, target: number): Target {
  const found = layer.targets[target];
  if (found === undefined) throw new RangeError('an index points at no target');
  return found;
}

export function targetOf(match: Match): Target {
  return targetAt(match.layer, match.target);
}

/** Whether a target that matched the destination is part of the decision for this request. */
export function counts(layer: Layer, target: number, effect: Effect, asked: Asked): boolean {
  const rule = ruleOf(layer, target);
  return rule.effect === effect && rule.inert === null && exclusion(layer, target, asked) === null;
}

/** Said beside a default deny where the org governs a domain that its last policy has left (semantics, 5). */
export function emptiedNote({ governed, noPoliciesLeft }: DomainState): string {
  return governed && noPoliciesLeft ? ' (governed, no policies left)' : '';
}

/** What an answer says for `approval_required`. */
export const APPROVAL_REASON = 'the policy asks for an approval first';

/** The last that can exclude a target: without it the target would count (Paths 7). */
export const UNTRUSTED_LINK = 'it leads through a link that is not owned by root';

/** Why a target that matches the destination does not count for this request, its rule's inertness apart. */
export function exclusion(layer: Layer, position: number, asked: Asked): string | null {
  const rule = ruleOf(layer, position);
  const target = targetAt(layer, position);
  if ((rule.actions & asked.actions) === 0) return 'it names another action';
  if (target.port !== null && target.port !== asked.port) return 'it names another port';
  if (rule.uid !== null && rule.uid !== asked.uid) return 'it counts for another user';
  if (!homeCounts(target, asked)) return '`~` is the home of another user';
  if (rule.effect === 'allow' && target.link !== null && !target.link.trusted) {
    return UNTRUSTED_LINK;
  }
  return null;
}

function homeCounts({ home }: Target, asked: Asked): boolean {
  if (home === 'all') return true;
  return home === 'unless_ordinary' ? !asked.ordinary : home.uid === asked.uid;
}

/** The first target, in rule order, of those visited that count. */
export function firstMatch(
  layer: Layer,
  effect: Effect,
  asked: Asked,
  visitAll: (visit: (target: number) => void) => void,
): Match | null {
  let first = Number.POSITIVE_INFINITY;
  visitAll((target) => {
    if (target < first && counts(layer, target, effect, asked)) first = target;
  });
  return Number.isFinite(first) ? { layer, target: first } : null;
}

/** Adds the whole-domain causes: no policy, conflict, staleness, rules that cannot be evaluated. */
export function addClosures(causes: Cause[], policy: CompiledPolicy, domain: Domain, uid: number | null): void {
  for (const closure of policy.closures) {
    if (closure.domain !== domain || (closure.uid !== null && closure.uid !== uid)) continue;
    causes.push({ code: closure.code, reason: closure.reason, match: null });
  }
}
