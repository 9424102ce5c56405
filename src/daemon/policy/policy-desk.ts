import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Compilation } from '../../policy/compilation.ts';
import { compile } from '../../policy/compile.ts';
import type { PolicySet } from '../../policy/policy-set.ts';
import type { ListedRule } from '../../policy/snapshot.ts';
import { readFoldingMounts } from '../../realpath/mounts.ts';
import { type ActivationStep, type Activator, type ActivatorOptions, createActivator } from '../../sources/activate.ts';
import type { AuditEvent } from '../../sources/audit-event.ts';
import { type HighWaterMark, openHighWaterMark } from '../../sources/high-water-mark.ts';
import { heldBack } from '../../sources/local/held-back.ts';
import { type LocalFiles, openLocalFiles } from '../../sources/local/local-files.ts';
import { openPolicyTime, type PolicyTime } from '../../sources/policy-time.ts';
import { type BundleStore, createBundleStore } from '../../store/bundle-store.ts';
import { createCompiledStore } from '../../store/compiled-store.ts';
import { type Database, openDatabase } from '../../store/database.ts';
import { createLocalFileStore } from '../../store/local-file-store.ts';
import { openMarkFile } from '../../store/mark-file.ts';
import { POLICY_MIGRATIONS } from '../../store/policy-migrations.ts';
import { createTufStore, type TufStore } from '../../store/tuf-store.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { Parts } from '../lifecycle.ts';
import { VERSION } from '../version.ts';
import { createLinkedCompiler, type LinkedCompiler } from './compile-with-links.ts';
import { type CompiledKeeper, createCompiledKeeper } from './compiled-keeper.ts';
import { factsWith, type PolicyFacts, policySetOf } from './policy-inputs.ts';
import type { PolicyLog } from './policy-messages.ts';
import { openPrefixLooker, type PrefixLooker } from './prefix-looker.ts';
import { storedVerifier } from './stored-verifier.ts';

export interface PolicyDeskOptions {
  readonly config: DaemonConfig;
  readonly log: PolicyLog;
  readonly clock: Clock;
  /** Something happened to the policy that is to be remembered. Must not throw. */
  readonly audit: (event: AuditEvent) => void;
  /** Told after each step of an activation; a test hands in one that breaks off. */
  readonly onStep?: (step: ActivationStep) => void;
  /** Hands a compiled policy to whoever answers from it; resolves with its generation. */
  readonly publish: (compilation: Compilation, cause: string) => Promise<number>;
}

/** Everything that makes policies, wired together: the `policy` way of ARCHITECTURE.md without its source. */
export interface PolicyDesk {
  readonly store: BundleStore;
  /** Where a `tuf` source keeps what it trusts. */
  readonly tufStore: TufStore;
  readonly mark: HighWaterMark;
  /** Where the literal prefixes of rules lead. */
  readonly prefixes: PrefixLooker;
  readonly activator: Activator;
  readonly facts: PolicyFacts;
  readonly local: LocalFiles;
  /** The first policy, of what the database holds; before it nothing is published. */
  open(): ReturnType<Activator['restore']>;
  /** From here on what local files were last good is kept: a candidate of a reload may be refused until it begins. */
  keepLocalFiles(): void;
  /** What was published last. */
  current(): Compilation | null;
  /** All its rules, made anew each time: they are many, and rarely asked for. */
  listing(): readonly ListedRule[];
  /** What belongs to a new home is read, and the home is part of every compile from then on. */
  addHome(uid: number, home: string): Promise<void>;
  forgetHome(uid: number): void;
  /** The same bundle, compiled anew; a failure is logged and the old policy serves. */
  refresh(cause: string): Promise<void>;
}

/** Opens the database and reads the local files; `refresh` or `activator.restore` publishes the first policy. */
export async function openPolicyDesk(parts: Parts, options: PolicyDeskOptions): Promise<PolicyDesk> {
  const { config, log, clock, audit } = options;
  const stores = await openStores(parts, options);
  const { store, tufStore, mark, keeper } = stores;
  const verifyStored = await storedVerifier(config, tufStore, mark);
  const prefixes = await parts.start('prefixes', () => openPrefixLooker(clock));
  const compiler = createLinkedCompiler({
    compile: (set) => keeper.compile(set),
    resolveLinks: prefixes.resolve,
    expected: keeper.prefixes(),
  });
  const refresh = async (cause: string): Promise<void> => {
    // until the database has been read once, nothing says who governs: there is no bundle to compile anew
    const outcome = await (activator.live() === null ? activator.restore() : activator.refresh(cause));
    if (outcome.kind === 'failed') log.error({ ...outcome.failure, cause }, 'the policy could not be compiled anew');
  };
  let opened = false;
  const lastGood = heldBack(createLocalFileStore(stores.database));
  const { localDirectory: directory, localOwners: trustedOwners } = config;
  // the first policy has them as they are then, and nothing is published before it is asked for
  const onChange = (): void => void (opened && refresh('local'));
  const files = { directory, trustedOwners, store: lastGood, clock, onChange };
  const local = await parts.start('local files', () => openLocalFiles(files));
  const homes = new Map<number, string>();
  const facts = deskFacts({ store, local, compiler, homes, time: openPolicyTime({ clock, store, audit }) });
  const { made, activation } = making(options, { facts, compiler, keeper });
  const activator = createActivator({ store, mark, version: VERSION, clock, verifyStored, audit, ...activation });
  return {
    ...{ store, tufStore, mark, prefixes, activator, facts, local, refresh },
    open() {
      opened = true;
      return activator.restore();
    },
    keepLocalFiles: () => lastGood.release(),
    current: () => made.current,
    listing: () => listingOf(made),
    async addHome(uid, home) {
      // in a user service the owner's directory is the one that counts for everybody
      if (config.service === 'system') await local.addHome(uid, home);
      homes.set(uid, home);
    },
    forgetHome: (uid) => void homes.delete(uid),
  };
}

interface Stores {
  readonly database: Database;
  readonly store: BundleStore;
  readonly tufStore: TufStore;
  readonly mark: HighWaterMark;
  readonly keeper: CompiledKeeper;
}

async function openStores(parts: Parts, { config, log }: PolicyDeskOptions): Promise<Stores> {
  const database = openDatabase(join(config.stateDirectory, 'policy.db'), POLICY_MIGRATIONS);
  await parts.start('database', () => ({ close: () => void database.close() }));
  const keeper = createCompiledKeeper(createCompiledStore(database), (error) =>
    log.warn({ err: error }, 'the compiled policy could not be kept: the next start compiles it anew'),
  );
  const mark = openHighWaterMark(openMarkFile(join(config.stateDirectory, 'mark')));
  return { database, store: createBundleStore(database), tufStore: createTufStore(database), mark, keeper };
}

interface FactParts {
  readonly store: BundleStore;
  readonly local: LocalFiles;
  readonly compiler: LinkedCompiler;
  readonly homes: ReadonlyMap<number, string>;
  readonly time: PolicyTime;
}

function deskFacts({ store, local, compiler, homes, time }: FactParts): PolicyFacts {
  return {
    now: () => time.now(),
    tick: () => time.tick(),
    lastSync: () => store.lastSync(),
    enrolledOrg: () => store.enrolledOrg(),
    localFiles: () => local.current().inputs,
    homes: () => new Map(homes),
    foldingMounts: readFoldingMounts,
    links: () => compiler.links(),
  };
}

/** What was compiled and published last. */
interface Made {
  current: Compilation | null;
  compiled: PolicySet | null;
  published: PolicySet | null;
}

interface MakingParts {
  readonly facts: PolicyFacts;
  readonly compiler: LinkedCompiler;
  readonly keeper: CompiledKeeper;
}

type Activation = Pick<ActivatorOptions, 'onTrouble' | 'onStep' | 'policySet' | 'compile' | 'publish'>;

/** The part of an activation that makes a policy of what was delivered, and remembers what it made. */
function making(
  options: PolicyDeskOptions,
  { facts, compiler, keeper }: MakingParts,
): { readonly made: Made; readonly activation: Activation } {
  const { config, log } = options;
  const made: Made = { current: null, compiled: null, published: null };
  const activation: Activation = {
    onTrouble: (error) =>
      log.error({ err: error }, 'the high-water mark could not be written; the next start repairs it'),
    onStep: (step) => {
      log.debug({ step }, 'activation');
      options.onStep?.(step);
    },
    policySet: (org, sync) => (made.compiled = policySetOf(config, factsWith(facts, sync), org)),
    compile: (set) => compiler.compile(set),
    publish: async (compilation, cause) => {
      made.current = compilation;
      made.published = made.compiled;
      const generation = await options.publish(compilation, cause);
      // behind the swap: nobody waits for it
      keeper.keep();
      return generation;
    },
  };
  return { made, activation };
}

function listingOf({ published, current }: Made): readonly ListedRule[] {
  return published === null ? [] : compile({ ...published, host: current?.host ?? published.host }).listing;
}
