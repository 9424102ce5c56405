import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { SourceContext } from '../sources/polled-source.ts';
import type { PolicySource } from '../sources/source.ts';
import type { DaemonConfig, SourceConfig } from './daemon-config.ts';
import type { PolicyDesk } from './policy-desk.ts';
import type { PolicyLog } from './policy-messages.ts';

export interface OpenSourceOptions {
  readonly config: DaemonConfig;
  readonly log: PolicyLog;
  readonly clock: Clock;
  /** `status` may say something else. */
  readonly onStatus: () => void;
}

/** The source that is configured; it does not poll yet. Throws for one that can never be asked. */
export async function openSource(desk: PolicyDesk, options: OpenSourceOptions): Promise<PolicySource | null> {
  const { config, log, clock, onStatus } = options;
  if (config.source === null) return null;
  return create(config.source, {
    store: desk.store,
    clock,
    random: Math.random,
    hostId: hostname(),
    bundleIntervalMs: () => {
      const org = desk.activator.org();
      return org.kind === 'delivered' ? (org.terms?.pollIntervalMs ?? null) : null;
    },
    onPolicies: (bundle) => desk.activator.activate(bundle),
    onTrouble: (error) => {
      if (error === null) log.info({}, 'syncs work again');
      else
        log.warn({ stage: error.stage, code: error.code, reason: error.message }, 'a sync failed; what serves stays');
    },
    onStatus,
  });
}

/** Loaded when it is needed: most of what a thread without this kind of source would have to load. */
async function create(config: SourceConfig, context: SourceContext): Promise<PolicySource> {
  switch (config.type) {
    case 'governance': {
      const { createGovernanceSource } = await import('../sources/governance/source.ts');
      return createGovernanceSource({ ...context, config });
    }
    case 'tuf':
    case 'file':
      throw new Error('not there yet');
  }
}
