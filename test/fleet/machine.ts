import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { compile } from '../../src/policy/compile.ts';
import { createActivator } from '../../src/sources/activate.ts';
import type { PolicySource, SourceOutcome } from '../../src/sources/source.ts';
import { createTufSource } from '../../src/sources/tuf/source.ts';
import { verifyStoredBundle } from '../../src/sources/tuf/verify-stored.ts';
import { createBundleStore } from '../../src/store/bundle-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { createTufStore } from '../../src/store/tuf-store.ts';
import { activationParts } from '../support/activation-parts.ts';
import { emptySet } from '../support/policy-sets.ts';

export interface MachineOptions {
  /** Its state; made if it is not there. */
  readonly directory: string;
  readonly baseUrl: string;
  readonly org: string;
  readonly target: string;
  readonly pinnedRoot: Buffer;
  /** Absent = as the daemon does by default. */
  readonly intervalMs?: number;
  readonly name: string;
  /** A revision serves. */
  readonly onLive: (revision: string) => void;
}

/** A machine of the fleet: the daemon's own source, store and activation, without sockets and threads of its own. */
export interface Machine {
  readonly source: PolicySource;
  /** What the last run left serves. */
  restore(): Promise<void>;
  poll(): Promise<SourceOutcome>;
  close(): Promise<void>;
}

export function createMachine(options: MachineOptions): Machine {
  const { directory, baseUrl, org, target, pinnedRoot, name, onLive } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const database = openDatabase(join(directory, 'policy.db'), POLICY_MIGRATIONS);
  const [store, tufStore] = [createBundleStore(database), createTufStore(database)];
  const parts = activationParts(directory);
  let generation = 0;
  const activator = createActivator({
    ...parts,
    verifyStored: (bundle) => verifyStoredBundle({ store: tufStore, pinnedRoot, target }, bundle),
    store,
    clock: systemClock,
    policySet: (policies) =>
      emptySet(policies.kind === 'delivered' ? { revision: policies.revision, stored: policies.stored } : {}),
    compile: (set) => Promise.resolve(compile(set)),
    publish: ({ revision }) => {
      onLive(revision);
      return (generation += 1);
    },
  });
  const source = createTufSource({
    config: {
      ...{ baseUrl, org, target, pinnedRoot: pinnedRoot.toString('utf8') },
      ...(options.intervalMs === undefined ? {} : { intervalMs: options.intervalMs }),
    },
    ...{ store, tufStore, clock: systemClock, random: Math.random, hostId: name, version: '0.1.0' },
    bundleIntervalMs: () => null,
    floor: () => parts.mark.floor(),
    raise: (trusted) => parts.mark.raise(trusted),
    serving: () => (activator.org().kind === 'delivered' ? activator.live() : null),
    onPolicies: (bundle) => activator.activate(bundle),
    onRevoked: () => activator.restore(),
  });
  return {
    source,
    async restore() {
      await activator.restore();
    },
    async poll() {
      const answer = await source.sync();
      if (answer.kind !== 'ran') throw new Error(`the poll was ${answer.kind}`);
      return answer.outcome;
    },
    async close() {
      await source.close();
      database.close();
    },
  };
}
