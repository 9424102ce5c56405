import type { Clock } from '../base/clock.ts';
import type { SyncOutcome } from '../localapi/daemon-port.ts';
import type { Compilation } from '../policy/compilation.ts';
import { type MountTrees, openMountTrees } from '../realpath/mount-trees.ts';
import { readFoldingMounts } from '../realpath/mounts.ts';
import type { ActivationStep, Live } from '../sources/activate.ts';
import type { AuditEvent } from '../sources/audit-event.ts';
import type { PolicySource } from '../sources/source.ts';
import { type KnownPolicy, knownPolicy } from '../store/policy-state.ts';
import type { DaemonConfig } from './daemon-config.ts';
import { type Part, Parts } from './lifecycle.ts';
import { openSource } from './open-source.ts';
import { openPolicyDesk, type PolicyDesk } from './policy-desk.ts';
import { ageNow, stalenessNow } from './policy-inputs.ts';
import type { PolicyLog, SupplyFacts } from './policy-messages.ts';
import { startUpkeep } from './policy-upkeep.ts';
import { watchSpareMemory } from './spare-memory.ts';
import { DEFAULT_LIMITS } from './staleness.ts';
import { type SupplyNotice, startNotice } from './supply-notice.ts';

export interface PolicyServiceOptions {
  readonly config: DaemonConfig;
  readonly log: PolicyLog;
  readonly clock: Clock;
  /** Resolves with the generation as which it serves. */
  readonly publish: (compilation: Compilation, cause: string) => Promise<number>;
  /** Something happened to the policy that is to be remembered. Must not throw. */
  readonly audit: (event: AuditEvent) => void;
  /** Told after each step of an activation; a test hands in one that breaks off. */
  readonly onStep?: (step: ActivationStep) => void;
  /** Told whenever they have changed. */
  readonly onFacts: (facts: SupplyFacts) => void;
}

/** All that makes policies, as one: what the policy thread does when it is asked. */
export interface PolicyService {
  addHome(uid: number, home: string): Promise<void>;
  forgetHome(uid: number): void;
  /** Publishes what the last run held. */
  open(): Promise<void>;
  begin(): Promise<void>;
  sync(): Promise<SyncOutcome>;
  /** The JSON text of `/v1/rules`. */
  rules(): string;
  /** Gives up all that is known of the organisation; what is left serves. Never rejects: told is what was known. */
  release(): Promise<KnownPolicy>;
  halt(): Promise<void>;
  /** How many threads are stuck in a system call. */
  close(): Promise<number>;
}

/** Database, then local files; a part that cannot be started closes those before it, and the error goes on. */
export async function startPolicyService(options: PolicyServiceOptions): Promise<PolicyService> {
  const { log } = options;
  const parts = new Parts();
  const supply = new Parts();
  const close = async (which: Parts): Promise<void> => {
    for (const { name, error } of await which.close()) log.error({ part: name, err: error }, 'a part did not close');
  };
  const publish: PolicyServiceOptions['publish'] = (compilation, cause) => {
    // whoever sees the new generation sees the status that belongs to it
    notice?.lookNow();
    memory.used();
    return options.publish(compilation, cause);
  };
  let notice: SupplyNotice | null = null;
  const memory = await parts.start('memory', () => watchSpareMemory(options.clock));
  const desk = await openPolicyDesk(parts, { ...options, publish });
  const { source } = await parts.start('source', async () => {
    const opened = await openSource(desk, { ...options, onStatus: () => notice?.look() });
    return { source: opened, close: () => opened?.close() };
  });
  const onError = (error: unknown): void => log.error({ err: error }, 'the state of the supply cannot be read');
  const told = { desk, source, mounts: openMountTrees(), clock: options.clock };
  const opened = await parts.start('notice', () => startNotice({ ...options, onError }, () => factsOf(told)));
  notice = opened;
  return {
    async addHome(uid, home) {
      await desk.addHome(uid, home);
      // before the first policy there is nothing to renew: it will be made with this home
      if (desk.current() !== null) await desk.refresh('homes');
    },
    forgetHome: (uid) => desk.forgetHome(uid),
    async open() {
      const restored = await desk.activator.restore();
      if (restored.kind === 'failed') log.error(restored.failure, 'the stored policy does not serve');
    },
    async begin() {
      await supply.start('upkeep', () => openUpkeep(desk, options));
      await supply.start('polling', () => polling(source));
    },
    async sync() {
      const outcome = await syncNow(desk, source);
      // what was confirmed without a change may have been too old a moment ago: nobody waits for the next tick
      if (desk.current()?.staleness !== stalenessNow(desk.facts, desk.activator.org())) await desk.refresh('staleness');
      opened.lookNow();
      return outcome;
    },
    rules: () => JSON.stringify({ ...liveIn(desk), rules: desk.listing() }),
    async release() {
      const known = knownPolicy(options.config.stateDirectory);
      const released = await desk.activator.reset(() => undefined);
      if (released.kind === 'failed') log.error(released.failure, 'the stored policy could not be given up in place');
      return known;
    },
    halt: () => close(supply),
    async close() {
      await close(supply);
      await close(parts);
      return desk.prefixes.lost();
    },
  };
}

interface Told {
  readonly desk: PolicyDesk;
  readonly source: PolicySource | null;
  readonly mounts: () => MountTrees;
  readonly clock: Clock;
}

function factsOf({ desk, source, mounts, clock }: Told): SupplyFacts {
  const { listing, warnings } = desk.local.current();
  const org = desk.activator.org();
  const age = ageNow(desk.facts, org);
  const terms = org.kind === 'delivered' ? org.terms : null;
  const policyTime = desk.facts.now();
  return {
    organisation: desk.store.enrolledOrg(),
    confirmedAt: age.kind === 'known' ? age.since : null,
    notBefore: policyTime > clock.now() ? policyTime : null,
    limits: terms?.staleness ?? DEFAULT_LIMITS,
    terms,
    rollbackProtection: org.kind === 'delivered' && org.terms !== null,
    source: source?.status() ?? null,
    localFiles: listing.filter((file) => file.uid === null),
    localWarnings: warnings,
    mounts: mounts(),
  };
}

function openUpkeep(desk: PolicyDesk, { clock, log }: PolicyServiceOptions): Part {
  return startUpkeep({
    clock,
    now: () => desk.facts.now(),
    keepTime: () => desk.facts.tick(),
    verifiedTime: () => desk.facts.lastSync()?.verifiedTime ?? null,
    current: () => desk.current(),
    staleness: () => stalenessNow(desk.facts, desk.activator.org()),
    foldingMounts: readFoldingMounts,
    resolveLinks: desk.prefixes.resolve,
    refresh: (cause) => desk.refresh(cause),
    onError: (error: unknown) => log.error({ err: error }, 'looking for changes failed; the policy serves on'),
  });
}

function polling(source: PolicySource | null): Part {
  source?.start();
  return { close: () => source?.close() };
}

function liveIn({ activator }: PolicyDesk): Live {
  return activator.live() ?? { revision: 'none', generation: 0 };
}

async function syncNow(desk: PolicyDesk, source: PolicySource | null): Promise<SyncOutcome> {
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
      if (outcome.kind === 'ok') return { kind: 'live', ...liveIn(desk) };
      return { kind: 'failed', code: outcome.failure.code, message: outcome.failure.message };
    }
  }
}
