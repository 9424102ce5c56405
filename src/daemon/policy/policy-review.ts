import { type Clock, systemClock } from '../../base/clock.ts';
import type { Domain } from '../../policy/action.ts';
import type { BundleTerms } from '../../policy/bundle-terms.ts';
import { compile } from '../../policy/compile.ts';
import type { PolicySet } from '../../policy/policy-set.ts';
import type { CompiledPolicy } from '../../policy/snapshot.ts';
import { readFoldingMounts } from '../../realpath/mounts.ts';
import { type LocalFiles, openLocalFiles } from '../../sources/local/local-files.ts';
import type { OrgPolicies } from '../../sources/org-policies.ts';
import { openPolicyTime } from '../../sources/policy-time.ts';
import { createBundleStore } from '../../store/bundle-store.ts';
import type { Database } from '../../store/database.ts';
import { createLocalFileStore, type LocalFileStore } from '../../store/local-file-store.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { Parts } from '../lifecycle.ts';
import { createLinkedCompiler } from './compile-with-links.ts';
import { type PolicyFacts, policySetOf } from './policy-inputs.ts';
import { openPrefixLooker } from './prefix-looker.ts';

/** A bundle that might serve on this machine. */
export interface ReviewedBundle {
  readonly org: string;
  readonly revision: string;
  readonly source: string;
  readonly terms: BundleTerms | null;
  readonly policies: readonly unknown[];
  readonly wasGoverned: readonly Domain[];
}

/** Compiles bundles as the daemon of this machine would, beside it or without one; nothing is changed. */
export interface PolicyReview {
  /** Null = before any bundle arrived. */
  compile(bundle: ReviewedBundle | null): Promise<CompiledPolicy>;
  close(): Promise<void>;
}

export interface PolicyReviewOptions {
  readonly config: DaemonConfig;
  /** policy.db, opened to be read. */
  readonly database: Database;
  /** Of whoever asked: what `~` means for them, and their own local files. */
  readonly homes: ReadonlyMap<number, string>;
  readonly clock?: Clock;
}

/** Reads what else belongs to a policy: local files as they were last good, homes, links, the time. */
export async function openPolicyReview(options: PolicyReviewOptions): Promise<PolicyReview> {
  const { config, database, homes, clock = systemClock } = options;
  const parts = new Parts();
  const local = await parts.start('local files', () => localFiles(options, clock));
  if (config.service === 'system') for (const [uid, home] of homes) await local.addHome(uid, home);
  const prefixes = await parts.start('prefixes', () => openPrefixLooker(clock));
  const compiler = createLinkedCompiler({
    compile: (set) => compile(set, { unlisted: true }),
    resolveLinks: prefixes.resolve,
  });
  const store = createBundleStore(database);
  const time = openPolicyTime({ clock, store, audit: () => undefined });
  const facts: PolicyFacts = {
    ...{ now: () => time.now(), tick: () => undefined },
    lastSync: () => store.lastSync(),
    enrolledOrg: () => store.enrolledOrg(),
    localFiles: () => local.current().inputs,
    homes: () => homes,
    foldingMounts: readFoldingMounts,
    links: () => compiler.links(),
  };
  return {
    compile: (bundle) => compiler.compile(reviewed(policySetOf(config, facts, orgOf(bundle)), bundle !== null)),
    async close() {
      await parts.close();
    },
  };
}

/** What is asked is what a bundle says, not how long it has been there: each is judged as if it had just arrived. */
function reviewed(set: PolicySet, delivered: boolean): PolicySet {
  return delivered ? { ...set, closed: {}, staleness: 'fresh', expiresAt: null } : set;
}

function orgOf(bundle: ReviewedBundle | null): OrgPolicies {
  if (bundle === null) return { kind: 'none', wasGoverned: [] };
  const { policies, ...rest } = bundle;
  const stored = { digest: `${rest.source} ${rest.revision}`, load: () => policies };
  return { kind: 'delivered', ...rest, stored };
}

function localFiles({ config, database }: PolicyReviewOptions, clock: Clock): Promise<LocalFiles> {
  return openLocalFiles({
    directory: config.localDirectory,
    trustedOwners: config.localOwners,
    store: unchanged(createLocalFileStore(database)),
    clock,
    onChange: () => undefined,
  });
}

/** What is found now is for the daemon to remember. */
function unchanged(store: LocalFileStore): LocalFileStore {
  return {
    loadLastGood: (directory) => store.loadLastGood(directory),
    saveLastGood: () => undefined,
    forgetLastGood: () => undefined,
  };
}
