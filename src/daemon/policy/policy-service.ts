import type { Clock } from '../../base/clock.ts';
import type { SyncOutcome } from '../../localapi/daemon-port.ts';
import type { Compilation } from '../../policy/compilation.ts';
import { openMountTrees } from '../../realpath/mount-trees.ts';
import { readFoldingMounts } from '../../realpath/mounts.ts';
import type { ActivationStep } from '../../sources/activate.ts';
import type { AuditEvent } from '../../sources/audit-event.ts';
import type { PolicySource } from '../../sources/source.ts';
import { type KnownPolicy, knownPolicy } from '../../store/policy-state.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { type Part, Parts } from '../lifecycle.ts';
import { openSource } from './open-source.ts';
import { openPolicyDesk, type PolicyDesk } from './policy-desk.ts';
import { stalenessNow } from './policy-inputs.ts';
import type { PolicyLog, SupplyFacts } from './policy-messages.ts';
import { startUpkeep } from './policy-upkeep.ts';
import { watchSpareMemory } from './spare-memory.ts';
import { factsOf } from './supply-facts.ts';
import { type SupplyNotice, startNotice } from './supply-notice.ts';
import { liveIn, syncNow } from './sync-now.ts';

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
  const { clock, log } = options;
  const parts = new Parts();
  const late: { notice: SupplyNotice | null } = { notice: null };
  const memory = await parts.start('memory', () => watchSpareMemory(clock));
  const publish: PolicyServiceOptions['publish'] = (compilation, cause) => {
    // whoever sees the new generation sees the status that belongs to it
    late.notice?.lookNow();
    memory.used();
    return options.publish(compilation, cause);
  };
  const desk = await openPolicyDesk(parts, { ...options, publish });
  const { source } = await parts.start('source', async () => {
    const opened = await openSource(desk, { ...options, onStatus: () => late.notice?.look() });
    return { source: opened, close: () => opened?.close() };
  });
  const onError = (error: unknown): void => log.error({ err: error }, 'the state of the supply cannot be read');
  const told = { desk, source, mounts: openMountTrees(), clock };
  const notice = await parts.start('notice', () => startNotice({ ...options, onError }, () => factsOf(told)));
  late.notice = notice;
  return new DeskService({ options, parts, desk, source, notice });
}

interface DeskServiceParts {
  readonly options: PolicyServiceOptions;
  readonly parts: Parts;
  readonly desk: PolicyDesk;
  readonly source: PolicySource | null;
  readonly notice: SupplyNotice;
}

class DeskService implements PolicyService {
  readonly #options: PolicyServiceOptions;
  readonly #parts: Parts;
  /** What `begin` begins. */
  readonly #supply = new Parts();
  readonly #desk: PolicyDesk;
  readonly #source: PolicySource | null;
  readonly #notice: SupplyNotice;

  constructor({ options, parts, desk, source, notice }: DeskServiceParts) {
    this.#options = options;
    this.#parts = parts;
    this.#desk = desk;
    this.#source = source;
    this.#notice = notice;
  }

  async addHome(uid: number, home: string): Promise<void> {
    await this.#desk.addHome(uid, home);
    // before the first policy there is nothing to renew: it will be made with this home
    if (this.#desk.current() !== null) await this.#desk.refresh('homes');
  }

  forgetHome(uid: number): void {
    this.#desk.forgetHome(uid);
  }

  async open(): Promise<void> {
    const restored = await this.#desk.open();
    if (restored.kind === 'failed') this.#options.log.error(restored.failure, 'the stored policy does not serve');
  }

  async begin(): Promise<void> {
    try {
      this.#desk.keepLocalFiles();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'the last good versions of local files could not be kept');
    }
    await this.#supply.start('upkeep', () => openUpkeep(this.#desk, this.#options));
    await this.#supply.start('polling', () => polling(this.#source));
  }

  async sync(): Promise<SyncOutcome> {
    const desk = this.#desk;
    const outcome = await syncNow(desk, this.#source);
    // what was confirmed without a change may have been too old a moment ago: nobody waits for the next tick
    if (desk.current()?.staleness !== stalenessNow(desk.facts, desk.activator.org())) await desk.refresh('staleness');
    this.#notice.lookNow();
    return outcome;
  }

  rules(): string {
    return JSON.stringify({ ...liveIn(this.#desk), rules: this.#desk.listing() });
  }

  async release(): Promise<KnownPolicy> {
    const { config, log } = this.#options;
    const known = knownPolicy(config.stateDirectory);
    const released = await this.#desk.activator.reset(() => undefined);
    if (released.kind === 'failed') log.error(released.failure, 'the stored policy could not be given up in place');
    return known;
  }

  halt(): Promise<void> {
    return this.#close(this.#supply);
  }

  async close(): Promise<number> {
    await this.#close(this.#supply);
    await this.#close(this.#parts);
    return this.#desk.prefixes.lost();
  }

  async #close(parts: Parts): Promise<void> {
    for (const { name, error } of await parts.close()) {
      this.#options.log.error({ part: name, err: error }, 'a part did not close');
    }
  }
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
