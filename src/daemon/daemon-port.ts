import type { DecisionLog } from '../audit/decision-log.ts';
import { readLogQuery } from '../audit/log-query.ts';
import type { Clock } from '../base/clock.ts';
import type { DaemonPort, LogReading, PolicyIdentity } from '../localapi/daemon-port.ts';
import { DecisionMeter } from '../pdp/decision-meter.ts';
import { createDecisionPoint } from '../pdp/decision-point.ts';
import type { PathResolver } from '../pdp/path-resolver.ts';
import type { SnapshotHolder } from '../pdp/snapshot-holder.ts';
import type { AuditEvent } from '../sources/audit-event.ts';
import type { DaemonConfig } from './config/daemon-config.ts';
import type { HomeDirectory } from './home-directory.ts';
import type { LoopLag } from './metrics/loop-lag.ts';
import { metricsText } from './metrics/metrics-text.ts';
import type { PolicySupply } from './policy/policy-supply.ts';
import { resetDaemon } from './policy/reset-daemon.ts';
import { type DaemonStatus, statusOf } from './status/status.ts';
import { VERSION } from './version.ts';

/** What answers are made with on the main thread: nothing here reads a policy, a database or a network. */
export interface AnsweringParts {
  readonly holder: SnapshotHolder;
  readonly resolver: PathResolver;
  readonly homes: HomeDirectory;
  readonly supply: PolicySupply;
  /** Also where no decision is kept: then it holds events only. */
  readonly decisions: DecisionLog;
  /** Something happened that is to be remembered; whether there was room for it. */
  readonly audit: (event: AuditEvent) => boolean;
}

/** What only becomes known while starting; the port reads it when it is asked. */
export interface StartedParts {
  peerCredentials: string;
  readonly lag: LoopLag;
  /** Why the configuration file says something else than what serves; null = it does not. */
  readonly reloadRefusal: () => string | null;
  /** Why callers cannot reach a socket; none = they can. */
  readonly socketTroubles: () => readonly string[];
}

/** The daemon as the sockets see it. */
export function createDaemonPort(
  parts: AnsweringParts,
  { config, clock }: { readonly config: DaemonConfig; readonly clock: Clock },
  started: StartedParts,
): DaemonPort {
  const { holder, resolver, homes, supply, decisions } = parts;
  const meter = meterOf(holder);
  const startedAt = clock.now();
  const keepsDecisions = (): boolean => supply.config.decisionLog !== null;
  const status = (): DaemonStatus =>
    statusOf({
      version: VERSION,
      startedAt,
      now: clock.now(),
      snapshot: holder.current(),
      configuredSource: supply.config.source,
      ...supply.state,
      preset: supply.config.preset.name,
      peerCredentials: started.peerCredentials,
      decisionLog: keepsDecisions() ? decisions.state() : null,
      reloadRefusal: started.reloadRefusal(),
      socketTroubles: started.socketTroubles(),
    });
  return {
    decisionPoint: createDecisionPoint({
      holder,
      resolve: (sent, asker) => resolver.resolve(sent, asker),
      homeKnown: (uid) => homes.isSettled(uid),
      findHome: (uid) => homes.settle(uid),
      meter,
      record: (peer, asked, answer) => {
        if (keepsDecisions()) decisions.record(peer, asked, answer);
      },
    }),
    get authzenIdentifier() {
      return supply.config.authzenIdentifier;
    },
    identity: () => identityOf(holder),
    ready: () => holder.current() !== null,
    welcome: ({ uid }) => {
      if (uid !== null) void homes.settle(uid);
    },
    status,
    metrics: (load, withRules) =>
      metricsText({
        ...{ status: status(), meter, lag: started.lag, load, withRules },
        lookupsWaiting: resolver.waiting,
        threadsLost: resolver.lost + supply.lost + decisions.lostThreads(),
      }),
    sync: () => supply.sync(),
    reset: (asked, peer) => resetDaemon({ ...parts, stateDirectory: config.stateDirectory }, asked, peer),
    rules: () => supply.rules(),
    log: (query) => readLog(decisions, query),
  };
}

/** Counts for the policy that serves, whichever that is. */
function meterOf(holder: SnapshotHolder): DecisionMeter {
  const meter = new DecisionMeter();
  meter.turnOver(holder.current()?.policy.layers ?? []);
  holder.onSwap(({ policy }) => meter.turnOver(policy.layers));
  return meter;
}

async function readLog(decisions: DecisionLog, query: unknown): Promise<LogReading> {
  const reading = readLogQuery(query);
  return reading.kind === 'query' ? decisions.query(reading.query) : reading;
}

/** What answers name. */
export function identityOf(holder: SnapshotHolder): PolicyIdentity {
  const snapshot = holder.current();
  return { revision: snapshot?.policy.revision ?? 'none', generation: snapshot?.generation ?? 0 };
}
