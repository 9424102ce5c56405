import type { Clock } from '../base/clock.ts';
import { DOMAINS, type Domain } from '../policy/action.ts';
import type { Compilation } from '../policy/compilation.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import type { BundleHeader, CandidateBundle } from '../store/bundle-rows.ts';
import { StoreError } from '../store/store-error.ts';
import type { SyncRecord } from '../store/sync-rows.ts';
import type { AuditEvent } from './audit-event.ts';
import {
  activePolicies,
  delivered,
  headerOf,
  type OrgPolicies,
  type StoredPolicyParts,
  storedOrg,
} from './org-policies.ts';
import { failureOf, SourceError, type SourceFailure, type Stage } from './source-failure.ts';

/** A verified bundle, with the sync that brought it. */
export interface FetchedBundle extends CandidateBundle {
  readonly sync: SyncRecord | null;
  /** Runs inside the activation's transaction: what becomes true together with it. */
  readonly alongside?: () => void;
}

/** What an activation has done, in this order; all but the last can fail, and nothing behind `transaction` changes what a restart finds. */
export type ActivationStep =
  | 'verified'
  | 'candidate_stored'
  | 'compiled'
  | 'mark_next'
  | 'transaction'
  | 'mark_active'
  | 'swapped';

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

export interface ActivatorOptions extends StoredPolicyParts {
  readonly clock: Clock;
  /**
   * Puts the organisation's part together with everything else (local files, preset, host facts, closures). `sync` is
   * what has just confirmed it and is stored with it; null = nothing new has.
   */
  readonly policySet: (org: OrgPolicies, sync: SyncRecord | null) => PolicySet | Promise<PolicySet>;
  /** Never where decisions are made. */
  readonly compile: (set: PolicySet) => Promise<Compilation>;
  /** The swap, wherever the snapshot is held; the generation that serves from then on. Nothing in it may fail. */
  readonly publish: (compilation: Compilation, cause: string) => number | Promise<number>;
  /** Told after each step. Must not throw. */
  readonly onStep?: (step: ActivationStep) => void;
}

/** Every change of what serves goes through here, one after the other. Nothing rejects: a failure is an outcome. */
export interface Activator {
  /** At start: what the database holds becomes the first snapshot, before anything is downloaded. */
  restore(): Promise<Activation>;
  /** A fetched and verified bundle. */
  activate(bundle: FetchedBundle): Promise<Activation>;
  /** Something else changed (local files, links, the time): the same bundle, compiled anew. */
  refresh(cause: string): Promise<Activation>;
  /** Gives up everything that is known of the organisation, `alongside` included; what is left serves at once. */
  reset(alongside: () => void): Promise<Activation>;
  /** What the organisation says, as far as is known. */
  org(): OrgPolicies;
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
    reset: (alongside) => inTurn(() => reset(options, state, alongside)),
    org: () => state.org,
    live: () => state.live,
  };
}

interface Serving {
  org: OrgPolicies;
  live: Live | null;
}

/**
 * The whole story: fetched and verified → stored as candidate → compiled → marked as next → active, in one transaction
 * → marked as active → published. Everything that can fail happens before the transaction's end; from there on it is an assignment. On a failure the
 * old snapshot keeps serving and the outcome names the stage.
 */
async function activate(options: ActivatorOptions, serving: Serving, bundle: FetchedBundle): Promise<Activation> {
  const { store, mark, onStep = () => undefined } = options;
  let stage: Stage = 'verify';
  try {
    assertEnrolled(options, bundle.org);
    mark.assertNotBelow(bundle, headerOf(store.active()));
    onStep('verified');
    stage = 'store';
    const live = liveAs(bundle, options, serving);
    if (live !== null) {
      if (bundle.sync !== null) store.recordSync(bundle.sync);
      return { kind: 'unchanged', ...live };
    }
    const candidate = store.putCandidate(bundle);
    const header = store.candidate();
    if (header?.id !== candidate) throw new StoreError('row_invalid', 'the bundle that was stored is not there');
    onStep('candidate_stored');
    const org = delivered(header, store.wasGoverned(), () => bundle.policies);
    stage = 'compile';
    const policy = await options.compile(await options.policySet(org, bundle.sync));
    onStep('compiled');
    stage = 'activate';
    commit(options, { bundle, header, policy });
    const from = serving.org.kind === 'delivered' ? serving.org.revision : null;
    serving.org = delivered(header, store.wasGoverned(), activePolicies(store, header.digest));
    const outcome = await publish(options, serving, policy, 'bundle');
    onStep('swapped');
    options.audit(activatedEvent(bundle, from));
    return outcome;
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error, stage) };
  }
}

interface Committed {
  readonly bundle: FetchedBundle;
  readonly header: BundleHeader;
  readonly policy: Compilation;
}

/** From here on a restart serves the new bundle; before the transaction it serves the old one. */
function commit(options: ActivatorOptions, { bundle, header, policy }: Committed): void {
  const { store, mark, clock, onTrouble, onStep = () => undefined } = options;
  const { sync, alongside } = bundle;
  const issuedAt = sync?.confirmedAt ?? null;
  mark.prepare(header, issuedAt);
  onStep('mark_next');
  store.activate(header.id, {
    at: clock.now(),
    governed: governedBy(policy),
    sync,
    ...(alongside === undefined ? {} : { alongside }),
  });
  onStep('transaction');
  try {
    mark.commit(header, issuedAt);
    onStep('mark_active');
  } catch (error) {
    // the database equals the mark's `next`: the next start repairs it
    onTrouble(error);
  }
}

function activatedEvent({ org, source, revision, terms }: FetchedBundle, from: string | null): AuditEvent {
  const { by = null, reason = null, ticket = null } = terms?.change ?? {};
  return { event: 'activated', org, source, from, to: revision, by, reason, ticket };
}

async function restore(options: ActivatorOptions, serving: Serving): Promise<Activation> {
  try {
    serving.org = storedOrg(options);
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error, 'store') };
  }
  const outcome = await refresh(options, serving, 'start');
  if (outcome.kind === 'failed' || serving.org.kind !== 'damaged') return outcome;
  // the policy that was just published says so too; this is for whoever started us
  const damage = new StoreError('row_invalid', serving.org.message);
  return { kind: 'failed', failure: failureOf(damage, 'verify') };
}

async function reset(options: ActivatorOptions, serving: Serving, alongside: () => void): Promise<Activation> {
  try {
    options.store.reset(alongside);
    options.mark.clear();
    serving.org = { kind: 'none', wasGoverned: [] };
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error, 'store') };
  }
  return refresh(options, serving, 'reset');
}

async function refresh(options: ActivatorOptions, serving: Serving, cause: string): Promise<Activation> {
  try {
    const policy = await options.compile(await options.policySet(serving.org, null));
    return await publish(options, serving, policy, cause);
  } catch (error) {
    return { kind: 'failed', failure: failureOf(error, 'compile') };
  }
}

/** A bundle of another organisation is refused and the last good one serves (semantics, 5). */
function assertEnrolled({ store, mark }: ActivatorOptions, org: string): void {
  const enrolled = store.enrolledOrg() ?? mark.org();
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

/** What serves, if it was made from this bundle and the database agrees. */
function liveAs({ revision, origin }: FetchedBundle, { store }: ActivatorOptions, { live }: Serving): Live | null {
  if (live?.revision !== revision) return null;
  const header = headerOf(store.active());
  if (header?.revision !== revision || header.origin?.digest !== origin?.digest) return null;
  // who signed it counts at the next start
  return header.origin?.signer === origin?.signer ? live : null;
}

/**
 * However it came about: a bundle or a configuration may govern a domain without a policy, and what comes after it must
 * not release it by saying nothing (semantics, 5 and 7.9).
 */
function governedBy({ domains }: Compilation): readonly Domain[] {
  return DOMAINS.filter((domain) => domains[domain].governed);
}
