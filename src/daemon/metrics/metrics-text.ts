import type { ApiLoad } from '../../localapi/daemon-port.ts';
import type { DecisionMeter } from '../../pdp/decision-meter.ts';
import type { DaemonStatus } from '../status/status.ts';
import { decisionSamples, ruleSamples } from './decision-metrics.ts';
import { expositionOf, type Samples } from './exposition.ts';
import type { LoopLag } from './loop-lag.ts';
import { statusSamples } from './status-metrics.ts';

export interface MetricsInputs {
  readonly status: DaemonStatus;
  readonly meter: DecisionMeter;
  readonly lag: LoopLag;
  readonly load: ApiLoad;
  readonly lookupsWaiting: number;
  readonly threadsLost: number;
  /** Whether whoever asks may read the policy. */
  readonly withRules: boolean;
}

/** What `GET /metrics` answers, without the last newline. */
export function metricsText(inputs: MetricsInputs): string {
  const { status, meter, withRules } = inputs;
  return expositionOf({
    ...statusSamples(status),
    ...processSamples(inputs),
    ...decisionSamples(meter),
    ...(withRules ? ruleSamples(meter) : {}),
    ...queueSamples(inputs),
  });
}

function processSamples({ lag, threadsLost }: MetricsInputs): Samples {
  const { user, system } = process.cpuUsage();
  return {
    process_cpu_seconds_total: [{ value: (user + system) / 1e6 }],
    process_resident_memory_bytes: [{ value: process.memoryUsage.rss() }],
    reeve_event_loop_lag_seconds: [{ histogram: lag.histogram }],
    reeve_event_loop_busy_seconds_total: [{ value: performance.eventLoopUtilization().active / 1_000 }],
    reeve_threads_lost: [{ value: threadsLost }],
  };
}

function queueSamples({ load, lookupsWaiting }: MetricsInputs): Samples {
  return {
    reeve_connections: [{ value: load.connections }],
    reeve_connections_waiting: [{ value: load.waitingForTurn }],
    reeve_questions_waiting: [{ value: load.waitingForAnswer }],
    reeve_path_lookups_waiting: [{ value: lookupsWaiting }],
  };
}
