import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { ActivatedSockets } from '../localapi/activation.ts';
import { createCompileWorker } from '../pdp/compile-worker.ts';
import { PathResolver } from '../pdp/path-resolver.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../pdp/snapshot-holder.ts';
import { readFoldingMounts } from '../realpath/mounts.ts';
import { type Activator, createActivator } from '../sources/activate.ts';
import { type LocalFiles, openLocalFiles } from '../sources/local/local-files.ts';
import { loadPreset } from '../sources/presets.ts';
import { type BundleStore, createBundleStore } from '../store/bundle-store.ts';
import { openDatabase } from '../store/database.ts';
import { createLocalFileStore } from '../store/local-file-store.ts';
import { POLICY_MIGRATIONS } from '../store/policy-migrations.ts';
import { createLinkedCompiler } from './compile-with-links.ts';
import type { DaemonConfig } from './daemon-config.ts';
import { createHomeDirectory, type HomeDirectory } from './home-directory.ts';
import type { Parts } from './lifecycle.ts';
import type { Logger } from './logger.ts';
import { type PolicyFacts, policySetOf } from './policy-inputs.ts';

export interface DaemonOptions {
  readonly config: DaemonConfig;
  readonly log: Logger;
  readonly clock: Clock;
  /** Listening sockets that were handed over, by name. */
  readonly activated?: ActivatedSockets;
}

/** Everything that makes snapshots, wired together: the `policy` way of ARCHITECTURE.md without its source. */
export interface PolicyDesk {
  readonly store: BundleStore;
  readonly holder: SnapshotHolder;
  readonly resolver: PathResolver;
  readonly activator: Activator;
  readonly facts: PolicyFacts;
  readonly homes: HomeDirectory;
  readonly local: LocalFiles;
  /** The same bundle, compiled anew; a failure is logged and the old snapshot serves. */
  refresh(cause: string): Promise<void>;
}

/** Opens the database, reads the local files, and serves what the last run held. */
export async function openPolicyDesk(parts: Parts, options: DaemonOptions): Promise<PolicyDesk> {
  const { config, log, clock } = options;
  const preset = loadPreset(config.preset);
  const database = openDatabase(join(config.stateDirectory, 'policy.db'), POLICY_MIGRATIONS);
  await parts.start('database', () => ({ close: () => void database.close() }));
  const store = createBundleStore(database);
  const worker = await parts.start('compiler', () => createCompileWorker());
  const resolver = await parts.start('path resolver', () => new PathResolver());
  resolver.start();
  const compiler = createLinkedCompiler(worker, resolver);
  const holder = createSnapshotHolder(() => clock.now());
  logSwaps(holder, log);

  const refresh = async (cause: string): Promise<void> => {
    // until the database has been read once, nothing says who governs: there is no bundle to compile anew
    const outcome = await (holder.current() === null ? activator.restore() : activator.refresh(cause));
    if (outcome.kind === 'failed') log.error({ ...outcome.failure, cause }, 'the policy could not be compiled anew');
  };
  const local = await parts.start('local files', () =>
    openLocalFiles({
      directory: config.localDirectory,
      trustedOwners: config.localOwners,
      store: createLocalFileStore(database),
      clock,
      onChange: () => void refresh('local'),
    }),
  );
  const homes = createHomeDirectory({
    clock,
    holder,
    refresh,
    // In a user service the owner's directory is the one that counts for everybody.
    prepare: (uid, home) => (config.service === 'system' ? local.addHome(uid, home) : Promise.resolve()),
    onError: (error) => log.error({ err: error }, 'a user’s home cannot be read: that user is not answered'),
  });
  const facts: PolicyFacts = {
    now: () => Math.max(clock.now(), store.lastSync()?.verifiedTime ?? 0),
    lastSync: () => store.lastSync(),
    enrolledOrg: () => store.enrolledOrg(),
    localFiles: () => local.current().inputs,
    homes: () => homes.known(),
    foldingMounts: readFoldingMounts,
    links: () => compiler.links(),
  };
  const activator = createActivator({
    store,
    holder,
    clock,
    policySet: (org) => policySetOf(config, preset, facts, org),
    compile: (set) => compiler.compile(set),
  });
  // The owner's own home is looked up before the first snapshot, so that the first answer knows `~`.
  await homes.settle(process.geteuid?.() ?? 0);
  const restored = await activator.restore();
  if (restored.kind === 'failed') log.error(restored.failure, 'the stored policy does not serve');
  return { store, holder, resolver, activator, facts, homes, local, refresh };
}

function logSwaps(holder: SnapshotHolder, log: Logger): void {
  holder.onSwap(({ policy, generation }, cause) => {
    const { revision, warnings, closures } = policy;
    const closed = closures.map(({ domain, code }) => `${domain}: ${code}`);
    log.info({ generation, revision, cause, closed, warnings: warnings.length }, 'a new policy generation serves');
  });
}
