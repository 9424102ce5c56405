import { decide } from '../decide.ts';
import type { Answer, CanonicalRequest, DecisionCode, DeterminingRule } from '../decision.ts';
import type { Request } from '../request.ts';
import type { CompiledPolicy, Snapshot } from '../snapshot.ts';

/** A question with what is known of it. */
export interface AskedBefore {
  readonly request: Request;
  readonly uid: number | null;
  /** How often it was asked, and when last. */
  readonly count: number;
  readonly lastAt: number;
}

/** `would_deny`: let through in monitor mode. */
export type Effect = 'allow' | 'would_deny' | 'deny';

export interface Judgement {
  readonly effect: Effect;
  readonly code: DecisionCode;
  readonly reason: string;
  /** Null where no rule decided. */
  readonly rule: DeterminingRule | null;
}

/** A question that two policies answer differently. */
export interface DecisionFlip {
  readonly request: CanonicalRequest;
  readonly uid: number | null;
  readonly count: number;
  readonly lastAt: number;
  readonly before: Judgement;
  readonly after: Judgement;
}

export interface DecisionComparison {
  /** Those that were asked most often first. */
  readonly flips: readonly DecisionFlip[];
  /** Questions that both answer alike. */
  readonly same: number;
  /** Of these, how many for another reason: another code or another rule. */
  readonly otherReason: number;
}

/** Asks the one evaluator every question twice. Pure. */
export function compareDecisions(
  before: CompiledPolicy,
  after: CompiledPolicy,
  questions: Iterable<AskedBefore>,
): DecisionComparison {
  const [old, now] = [snapshotOf(before), snapshotOf(after)];
  const flips: DecisionFlip[] = [];
  let [same, otherReason] = [0, 0];
  for (const { request, uid, count, lastAt } of questions) {
    // 65534 is what a container shows for everybody: nobody in particular
    const asker = { uid: uid === 65_534 ? null : uid };
    const [earlier, later] = [decide(old, request, asker), decide(now, request, asker)];
    const asked = later.request ?? earlier.request;
    if (effectOf(earlier) !== effectOf(later) && asked !== undefined) {
      flips.push({ request: asked, uid, count, lastAt, before: judgementOf(earlier), after: judgementOf(later) });
      continue;
    }
    same += 1;
    if (reasonKey(earlier) !== reasonKey(later)) otherReason += 1;
  }
  return { flips: flips.sort((a, b) => b.count - a.count || b.lastAt - a.lastAt), same, otherReason };
}

function snapshotOf(policy: CompiledPolicy): Snapshot {
  return { policy, generation: 0, ttlMs: 0 };
}

function effectOf({ decision, would_deny: wouldDeny }: Answer): Effect {
  return wouldDeny === true ? 'would_deny' : decision;
}

function judgementOf(answer: Answer): Judgement {
  const { code, reason, rule = null } = answer;
  return { effect: effectOf(answer), code, reason, rule };
}

function reasonKey({ code, rule }: Answer): string {
  return JSON.stringify([code, rule?.origin, rule?.policy, rule?.id, rule?.resource]);
}
