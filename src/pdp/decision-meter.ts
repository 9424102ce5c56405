import { Histogram } from '../base/histogram.ts';
import type { Domain } from '../policy/action.ts';
import { kindOf } from '../policy/answer.ts';
import { ALLOW_CODES, DENY_CODES, type DecisionCode, type DenyCode } from '../policy/decision.ts';
import type { Layer } from '../policy/layer.ts';
import type { Match } from '../policy/verdict.ts';
import type { Unavailable } from './reply.ts';
import { RuleHits } from './rule-hits.ts';

/** What a caller gets out of a decision; `would_deny`: it is let through in monitor mode. */
export const OUTCOMES = ['allow', 'would_deny', 'deny', 'error'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** `none`: the question had no meaning, so it belongs to no domain. */
export const QUESTION_DOMAINS = ['network', 'filesystem', 'none'] as const;
export type QuestionDomain = (typeof QUESTION_DOMAINS)[number];

/** All but what only clients answer. */
const CODES = [...ALLOW_CODES, ...DENY_CODES].filter((code) => code !== 'daemon_unavailable');
const ALLOWS: ReadonlySet<DecisionCode> = new Set(ALLOW_CODES);
/** What monitor mode lets through (semantics, 5). */
const MONITORED: ReadonlySet<DecisionCode> = new Set<DecisionCode>(['org_deny', 'default_deny']);

const PLACE_OF: ReadonlyMap<DecisionCode, number> = new Map(CODES.map((code, place) => [code, place]));
const DOMAIN_PLACE = { network: 0, filesystem: 1, invalid: 2 } as const;
const WOULD_DENY = OUTCOMES.indexOf('would_deny');
const OUTCOME_OF: readonly number[] = CODES.map((code) => OUTCOMES.indexOf(usualOutcome(code)));

/** Seconds: from a lookup in memory to the deadline of a request. */
const BOUNDS = [
  ...[0.000_001, 0.000_002_5, 0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5],
  ...[0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25],
];

export interface DecisionCount {
  readonly domain: QuestionDomain;
  readonly outcome: Outcome;
  readonly code: DecisionCode;
  readonly count: number;
}

/** Counts decisions on the way of each: numbers in arrays that are there from the start, and no object. */
export class DecisionMeter {
  readonly rules = new RuleHits();
  readonly #durations = OUTCOMES.map(() => new Histogram(BOUNDS));
  readonly #counts = new Float64Array(QUESTION_DOMAINS.length * CODES.length * OUTCOMES.length);
  readonly #refused = { overloaded: 0, not_ready: 0 };
  #last = 0;

  /** What was decided, and by which rule; `took` follows. */
  decided(kind: Domain | 'invalid', code: DecisionCode, match: Match | null, wouldDeny: boolean): void {
    const place = PLACE_OF.get(code) ?? 0;
    const outcome = wouldDeny ? WOULD_DENY : (OUTCOME_OF[place] ?? 0);
    const index = (DOMAIN_PLACE[kind] * CODES.length + place) * OUTCOMES.length + outcome;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#last = outcome;
    if (match !== null) this.rules.count(match);
  }

  /** How long the decision took that was told last. */
  took(ms: number): void {
    this.#durations[this.#last]?.observe(ms / 1_000);
  }

  /** A question on its own that got no decision at all. */
  refused(code: Unavailable['code']): void {
    this.#refused[code] += 1;
  }

  turnOver(layers: readonly Layer[]): void {
    this.rules.turnOver(layers);
  }

  refusals(): Readonly<Record<Unavailable['code'], number>> {
    return { ...this.#refused };
  }

  duration(outcome: Outcome): Histogram | undefined {
    return this.#durations[OUTCOMES.indexOf(outcome)];
  }

  /** Also what has not happened yet, where it may: a counter that appears with its first event hides that event. */
  counts(): readonly DecisionCount[] {
    return QUESTION_DOMAINS.flatMap((domain, row) =>
      CODES.flatMap((code, place) =>
        OUTCOMES.flatMap((outcome, last) => {
          const count = this.#counts[(row * CODES.length + place) * OUTCOMES.length + last] ?? 0;
          return count > 0 || isToExpect(domain, code, outcome) ? [{ domain, outcome, code, count }] : [];
        }),
      ),
    );
  }
}

function usualOutcome(code: DecisionCode): Outcome {
  if (ALLOWS.has(code)) return 'allow';
  return kindOf(code as DenyCode) === 'error' ? 'error' : 'deny';
}

function isToExpect(domain: QuestionDomain, code: DecisionCode, outcome: Outcome): boolean {
  if (domain === 'none') return code === 'invalid_request' && outcome === 'error';
  return outcome === usualOutcome(code) || (outcome === 'would_deny' && MONITORED.has(code));
}
