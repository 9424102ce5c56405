import { hostname } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import type { SourceContext } from '../../sources/polled-source.ts';
import type { PolicySource } from '../../sources/source.ts';
import type { DaemonConfig, SourceConfig } from '../config/daemon-config.ts';
import { VERSION } from '../version.ts';
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
  return create(config.source, desk, {
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
async function create(config: SourceConfig, desk: PolicyDesk, context: SourceContext): Promise<PolicySource> {
  switch (config.type) {
    case 'governance': {
      const { createGovernanceSource } = await import('../../sources/governance/source.ts');
      return createGovernanceSource({ ...context, config });
    }
    case 'tuf': {
      const { createTufSource } = await import('../../sources/tuf/source.ts');
      const { activator, mark, tufStore } = desk;
      return createTufSource({
        ...context,
        config,
        version: VERSION,
        tufStore,
        floor: () => mark.floor(),
        raise: (trusted) => mark.raise(trusted),
        serving: () => (activator.org().kind === 'delivered' ? activator.live() : null),
        // what is stored is judged again, and does not pass
        onRevoked: () => activator.restore(),
      });
    }
    case 'file': {
      const { createFileSource } = await import('../../sources/file/source.ts');
      return createFileSource({ ...context, config, version: VERSION });
    }
  }
}
