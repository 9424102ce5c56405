import type { RulesReading, SyncOutcome } from '../../localapi/daemon-port.ts';
import { COMPILE_DEADLINE_MS } from '../../schema/limits.ts';
import type { KnownPolicy } from '../../store/policy-state.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import type { SupplyState } from '../status/status.ts';
import { PolicySuccession } from './policy-succession.ts';
import type { PolicySupplyOptions } from './policy-supply-options.ts';
import { type PolicyThread, refusalOf } from './policy-thread.ts';
import type { ConfigOutcome, ResetOutcome } from './supply-outcome.ts';

/** How long stopping waits for a thread that is busy. */
const PATIENCE_MS = 2_000;
/** Once a second: no step of a policy's way takes longer. */
const SILENT_TICKS = COMPILE_DEADLINE_MS / 1_000;

/**
 * The supply of policies, as the main thread sees it: a thread that makes them. What it publishes serves at once, by one
 * assignment. When it dies, what served serves on, and another one is started.
 */
export class PolicySupply {
  readonly #succession: PolicySuccession;
  #started: Promise<boolean> = Promise.resolve(false);
  #resetting: Promise<ResetOutcome> | null = null;

  constructor(options: PolicySupplyOptions) {
    this.#succession = new PolicySuccession(options);
  }

  /** What serves was made with this one. */
  get config(): DaemonConfig {
    return this.#succession.config;
  }

  /** What `status` shows of it. */
  get state(): SupplyState {
    const { seat, trouble } = this.#succession;
    return { facts: seat.facts, report: seat.report, trouble };
  }

  /** Threads stuck in a system call. */
  get lost(): number {
    return this.#succession.seat.lost;
  }

  /** Opens the database and the local files. Rejects with a `PolicyThreadError` where that fails. */
  async start(): Promise<void> {
    const starting = this.#thread.start(this.config);
    this.#started = starting.then(
      () => true,
      () => false,
    );
    await starting;
  }

  /** The first policy: what the last run held. */
  async open(): Promise<void> {
    await this.#thread.ask({ kind: 'open' });
  }

  /** Polls and looks after the policy from here on. */
  async begin(): Promise<void> {
    await this.#thread.ask({ kind: 'begin' });
    this.#succession.begun();
  }

  /** Resolves once a policy with this home serves; a home that could not be read rejects and does not count. */
  async addHome(uid: number, home: string): Promise<void> {
    // why the thread did not start is told to whoever started it
    if (this.#succession.phase === 'starting' && !(await this.#started)) return;
    const { homes } = this.#succession;
    // a thread that is to take over is told of all that are here
    homes.add(uid, home);
    for (let told: PolicyThread | null = null; told !== (await this.#succession.lasting()); ) {
      const asked = this.#thread;
      try {
        await asked.ask({ kind: 'home', uid, home });
      } catch (error) {
        // where another thread has taken over meanwhile, it is told next
        if (asked !== (await this.#succession.lasting())) continue;
        homes.forget(uid);
        throw error;
      }
      told = asked;
    }
  }

  forgetHome(uid: number): void {
    this.#succession.homes.forget(uid);
    this.#thread.ask({ kind: 'forget', uid }).catch(() => undefined);
  }

  async sync(): Promise<SyncOutcome> {
    const thread = await this.#succession.lasting();
    return thread.ask({ kind: 'sync' }).catch(refusalOf);
  }

  async rules(): Promise<RulesReading> {
    try {
      return { kind: 'rules', json: await this.#thread.ask({ kind: 'rules' }) };
    } catch (error) {
      return refusalOf(error);
    }
  }

  /**
   * Gives up all that is known of the organisation, and begins anew without it: polling again at once. Joins a reset in
   * progress; only the one that began it is told what was known, before anything new is.
   */
  reset(onReleased: (known: KnownPolicy) => void): Promise<ResetOutcome> {
    this.#resetting ??= this.#succession.reset(onReleased).finally(() => (this.#resetting = null));
    return this.#resetting;
  }

  /** Takes up another configuration; `policy`: what serves has to be made anew with it. Never rejects. */
  change(config: DaemonConfig, policy: boolean): Promise<ConfigOutcome> {
    return this.#succession.change(config, policy);
  }

  tick(): void {
    if (this.#succession.phase === 'running') this.#thread.tick(SILENT_TICKS);
  }

  /** Nothing new comes from here on, except homes. */
  async halt(): Promise<void> {
    this.#succession.halt();
    await this.#thread.askInTime({ kind: 'halt' }, PATIENCE_MS);
  }

  /** Closes the database in good order, unless the thread is too busy for that: then the next start finds it intact. */
  async close(): Promise<void> {
    this.#succession.halt();
    await this.#succession.seat.close(PATIENCE_MS);
  }

  get #thread(): PolicyThread {
    return this.#succession.seat.thread;
  }
}
