import type { Clock } from '../base/clock.ts';
import { DOMAINS, type Domain } from '../policy/action.ts';
import type { Compilation } from '../policy/compilation.ts';
import type { PolicySet, StoredPolicies } from '../policy/policy-set.ts';
import type { BundleHeader, CandidateBundle } from '../store/bundle-rows.ts';
import type { BundleStore } from '../store/bundle-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { SyncRecord } from '../store/sync-rows.ts';
import { failureOf, SourceError, type SourceFailure, type Stage } from './source-failure.ts';

/** What the organisation says, as far as this machine knows; one of the inputs of a policy set. */
export type OrgPolicies =
  /** No bundle was ever activated. */
  | { readonly kind: 'none'; readonly wasGoverned: readonly Domain[] }
  /** There is one, and it is not what was written. */
  | { readonly kind: 'damaged'; readonly message: string; readonly wasGoverned: readonly Domain[] }
  | {
      readonly kind: 'delivered';
      readonly org: string;
      readonly revision: string;
      /** Read only where nothing that was made of them before still holds. */
      readonly stored: StoredPolicies;
      readonly wasGoverned: readonly Domain[];
    };

/** A verified bundle, with the sync that brought it. */
export interface FetchedBundle extends CandidateBundle {
  readonly sync: SyncRecord | null;
}

/** What serves, as answers name it. */
export interface Live {
  readonly revision: string;
  readonly generation: number;
}

export type Activation =
  | ({ readonly kind: 'activated' } & Live)
  /** The same revision serves already. */
  | ({ readonly kind: 'unchanged' } & Live)
  | { readonly kind: 'failed'; readonly failure: SourceFailure };

export interface ActivatorOptions {
  readonly store: BundleStore;
  readonly clock: Clock;
  /** Puts the organisation's part together with everything else (local files, preset, host facts, closures). */
  readonly policySet: (org: OrgPolicies) => PolicySet | Promise<PolicySet>;
  /** Never where decisions are made. */
  readonly compile: (set: PolicySet) => Promise<Compilation>;
  /** The swap, wherever the snapshot is held; the generation that serves from then on. Nothing in it may fail. */
  readonly publish: (compilation: Compilation, cause: string) => number | Promise<number>;
}

/** Every change of what serves goes through here, one after the other. Nothing rejects: a failure is an outcome. */
export interface Activator {
  /** At start: what the database holds becomes the first snapshot, before anything is downloaded. */
  restore(): Promise<Activation>;
  /** A fetched and verified bundle. */
  activate(bundle: FetchedBundle): Promise<Activation>;
  /** Something else changed (local files, links, the time): the same bundle, compiled anew. */
  refresh(cause: string): Promise<Activation>;
  /** What was published last; null = nothing yet. */
  live(): Live | null;
}

export function createActivator(options: ActivatorOptions): Activator {
  const state: Serving = { org: { kind: 'none', wasGoverned: [] }, live: null };
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = (task: () => Promise<Activation>): Promise<Activation> => {
    const result = queue.then(task);
    queue = result;
    return result;
  };
  return {
    restore: () => inTurn(() => restore(options, state)),
    activate: (bundle) => inTurn(() => activate(options, state, bundle)),
    refresh: (cause) => inTurn(() => refresh(options, state, cause)),
    live: () => state.live,
  };
}

interface Serving {
  org: OrgPolicies;
  live: Live | null;
}

/**
 * The whole story: fetched and verified → stored as candidate → compiled → active, in one transaction → published.
 * Everything that can fail happens before the transaction's end; from there on it is an assignment. On a failure the
 * old snapshot keeps serving and the outcome names the stage.
 */
async function activate(options: ActivatorOptions, serving: Serving, bundle: FetchedBundle): Promise<Activation> {
  const { store, clock } = options;
  let stage: Stage = 'verify';
  try {
    assertEnrolled(store, bundle.org);
    stage = 'store';
    const live = liveAs(bundle.revision, options, serving);
    if (live !== null) {
      if (bundle.sync !== null) store.recordSync(bundle.sync);
      return { kind: 'unchanged', ...live };
    }
    const candidate = store.putCandidate(bundle);
    const header = store.candidate();
    if (header?.id !== candidate) throw new StoreError('row_invalid', 'the bundle that was stored is not there');
    const org = delivered(header, () => bundle.policies, store.wasGoverned());
    stage = 'compile';
    const policy = await options.compile(await options.policySet(org));
    stage = 'activate';
    store.activate(candidate, { at: clock.now(), governed: governedBy(policy), sync: bundle.sync });
    serving.org = delivered(header, () => activePolicies(store, header.digest), store.wasGoverned());
    return await publish(options, serving, policy, 'bundle');
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error, stage) };
  }
}

async function restore(options: ActivatorOptions, serving: Serving): Promise<Activation> {
  try {
    serving.org = storedOrg(options.store);
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error, 'store') };
  }
  const outcome = await refresh(options, serving, 'start');
  if (outcome.kind === 'failed' || serving.org.kind !== 'damaged') return outcome;
  // the policy that was just published says so too; this is for whoever started us
  const damage = new StoreError('row_invalid', serving.org.message);
  return { kind: 'failed', failure: failureOf(damage, 'verify') };
}

async function refresh(options: ActivatorOptions, serving: Serving, cause: string): Promise<Activation> {
  try {
    const policy = await options.compile(await options.policySet(serving.org));
    return await publish(options, serving, policy, cause);
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error, 'compile') };
  }
}

function storedOrg(store: BundleStore): OrgPolicies {
  const active = store.active();
  const wasGoverned = store.wasGoverned();
  if (active.kind === 'none') return { kind: 'none', wasGoverned };
  if (active.kind === 'damaged') return { kind: 'damaged', message: active.message, wasGoverned };
  return delivered(active.header, () => activePolicies(store, active.header.digest), wasGoverned);
}

/** A bundle of another organisation is refused and the last good one serves (semantics, 5). */
function assertEnrolled(store: BundleStore, org: string): void {
  const enrolled = store.enrolledOrg();
  if (enrolled === null || enrolled === org) return;
  const message = `this machine belongs to \`${enrolled}\` and takes no policy of \`${org}\``;
  throw new SourceError('verify', 'other_org', message);
}

async function publish(
  options: ActivatorOptions,
  serving: Serving,
  policy: Compilation,
  cause: string,
): Promise<Activation> {
  const generation = await options.publish(policy, cause);
  serving.live = { revision: policy.revision, generation };
  return { kind: 'activated', ...serving.live };
}

/** What serves, if it was made from this revision and the database agrees. */
function liveAs(revision: string, { store }: ActivatorOptions, { live }: Serving): Live | null {
  if (live?.revision !== revision) return null;
  const active = store.active();
  return active.kind === 'active' && active.header.revision === revision ? live : null;
}

function delivered(
  { org, revision, digest }: BundleHeader,
  load: StoredPolicies['load'],
  wasGoverned: readonly Domain[],
): OrgPolicies {
  return { kind: 'delivered', org, revision, stored: { digest, load }, wasGoverned };
}

/** From the database each time: they are large, and rarely needed again. */
function activePolicies(store: BundleStore, digest: string): readonly unknown[] {
  const active = store.active();
  if (active.kind === 'active' && active.header.digest === digest) return active.policies;
  throw new StoreError('row_invalid', 'the stored policy is not the one that serves');
}

/** Domains that a policy of the bundle governs, not those that only were: these are recorded already. */
function governedBy(policy: Compilation): readonly Domain[] {
  return DOMAINS.filter((domain) => policy.domains[domain].governed && !policy.domains[domain].noPoliciesLeft);
}
