import type { DaemonPort, SyncOutcome } from '../localapi/daemon-port.ts';
import { createDecisionPoint } from '../pdp/decision-point.ts';
import type { GovernanceSource } from '../sources/governance/source.ts';
import type { DaemonOptions, PolicyDesk } from './policy-desk.ts';
import { statusOf } from './status.ts';
import { VERSION } from './version.ts';

/** What only becomes known while starting; the port reads it when it is asked. */
export interface StartedParts {
  source: GovernanceSource | null;
  peerCredentials: string;
}

/** The daemon as the sockets see it. */
export function createDaemonPort(desk: PolicyDesk, options: DaemonOptions, started: StartedParts): DaemonPort {
  const { holder, resolver, homes, store, local } = desk;
  const { config, clock } = options;
  const startedAt = clock.now();
  return {
    decisionPoint: createDecisionPoint({
      holder,
      resolve: (sent, asker) => resolver.resolve(sent, asker),
      homeKnown: (uid) => homes.isSettled(uid),
      findHome: (uid) => homes.settle(uid),
    }),
    authzenIdentifier: config.authzenIdentifier,
    identity: () => identityOf(desk),
    ready: () => holder.current() !== null,
    welcome: ({ uid }) => {
      if (uid !== null) void homes.settle(uid);
    },
    status: () =>
      statusOf({
        version: VERSION,
        startedAt,
        now: clock.now(),
        snapshot: holder.current(),
        organisation: config.source?.org ?? store.enrolledOrg(),
        source: started.source?.status() ?? null,
        lastSync: store.lastSync(),
        preset: config.preset,
        local: local.current(),
        peerCredentials: started.peerCredentials,
      }),
    sync: () => syncNow(desk, started.source),
    rules: () => ({ ...identityOf(desk), rules: holder.current()?.policy.listing ?? [] }),
  };
}

function identityOf({ holder }: PolicyDesk): { revision: string; generation: number } {
  const snapshot = holder.current();
  return { revision: snapshot?.policy.revision ?? 'none', generation: snapshot?.generation ?? 0 };
}

async function syncNow(desk: PolicyDesk, source: GovernanceSource | null): Promise<SyncOutcome> {
  if (source === null) {
    const message = 'no source is configured: local files and the preset rule; set `source` in the configuration file';
    return { kind: 'failed', code: 'no_source', message };
  }
  const answer = await source.sync();
  switch (answer.kind) {
    case 'closed':
      return { kind: 'failed', code: 'source_closed', message: 'the daemon is shutting down' };
    case 'deferred': {
      const seconds = Math.max(1, Math.ceil(answer.retryAfterMs / 1000));
      return { kind: 'retry_after', seconds, message: `the policy server asked to be left alone for ${seconds} s` };
    }
    case 'ran': {
      const { outcome } = answer;
      if (outcome.kind === 'ok') return { kind: 'live', ...identityOf(desk) };
      return { kind: 'failed', code: outcome.failure.code, message: outcome.failure.message };
    }
  }
}
