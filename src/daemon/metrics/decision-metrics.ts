import { type DecisionMeter, OUTCOMES } from '../../pdp/decision-meter.ts';
import type { Samples } from './exposition.ts';

export function decisionSamples(meter: DecisionMeter): Samples {
  const refusals = meter.refusals();
  return {
    reeve_decisions_total: meter
      .counts()
      .map(({ domain, outcome, code, count }) => ({ labels: { domain, outcome, code }, value: count })),
    reeve_decision_duration_seconds: OUTCOMES.flatMap((outcome) => {
      const histogram = meter.duration(outcome);
      return histogram === undefined ? [] : [{ labels: { outcome }, histogram }];
    }),
    reeve_decisions_refused_total: Object.entries(refusals).map(([code, value]) => ({ labels: { code }, value })),
  };
}

/** Names what stands in the policy: for the admin socket only. */
export function ruleSamples({ rules }: DecisionMeter): Samples {
  return {
    reeve_rule_hits_total: rules
      .read()
      .map(({ origin, policy, rule, name, hits }) => ({ labels: { origin, policy, rule, name }, value: hits })),
    reeve_rule_hits_other_total: [{ value: rules.others }],
  };
}
