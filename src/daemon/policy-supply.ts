import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/coded-error.ts';
import type { RulesReading, SyncOutcome } from '../localapi/daemon-port.ts';
import type { SnapshotHolder } from '../pdp/snapshot-holder.ts';
import { DOMAINS } from '../policy/action.ts';
import { COMPILE_DEADLINE_MS } from '../schema/limits.ts';
import type { AuditEvent } from '../sources/audit-event.ts';
import type { KnownPolicy } from '../store/policy-state.ts';
import type { DaemonConfig } from './daemon-config.ts';
import type { Logger } from './logger.ts';
import type { Publication } from './policy-messages.ts';
import { NO_FACTS, NO_REPORT } from './policy-report.ts';
import { loadPolicyThread, PolicyThread, refusalOf } from './policy-thread.ts';
import { releaseState } from './release-state.ts';
import { RestartTimer } from './restart-timer.ts';
import type { SupplyState } from './status.ts';

export interface PolicySupplyOptions {
  readonly config: DaemonConfig;
  readonly log: Logger;
  readonly clock: Clock;
  readonly holder: SnapshotHolder;
  /** Something happened to the policy that is to be remembered. Must not throw. */
  readonly audit?: (event: AuditEvent) => void;
  /** What the thread runs; a test hands in one that breaks. */
  readonly entry?: URL;
  /** The first thread, where it is loading already. */
  readonly loading?: Worker;
}

export type ResetOutcome =
  /** What was known is given up; `trouble`: why nothing new is made yet. */
  | ({ readonly kind: 'reset'; readonly trouble: string | null } & KnownPolicy)
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** How long stopping waits for a thread that is busy. */
const PATIENCE_MS = 2_000;
/** How long a reset waits for a start that is under way. */
const START_MS = 20_000;
/** Once a second: no step of a policy's way takes longer. */
const SILENT_TICKS = COMPILE_DEADLINE_MS / 1_000;

/**
 * The supply of policies, as the main thread sees it: a thread that makes them. What it publishes serves at once, by one
 * assignment. When it dies, what served serves on, and another one is started.
 */
export class PolicySupply {
  readonly #options: PolicySupplyOptions;
  readonly #restart: RestartTimer;
  /** The next thread has to be told these, too. */
  readonly #homes = new Map<number, string>();
  #ended: readonly PolicyThread[] = [];
  #thread: PolicyThread;
  #phase: 'starting' | 'running' | 'waiting' | 'resetting' | 'halted' = 'starting';
  #started: Promise<boolean> = Promise.resolve(false);
  #resetting: Promise<ResetOutcome> | null = null;
  readonly #begun = Promise.withResolvers<null>();
  /** The start that is under way, or was the last. */
  #starting: Promise<unknown> = this.#begun.promise;
  #facts = NO_FACTS;
  #report = NO_REPORT;
  #trouble: string | null = null;

  constructor(options: PolicySupplyOptions) {
    this.#options = options;
    this.#restart = new RestartTimer(options.clock);
    this.#thread = this.#newThread(options.loading);
  }

  /** What `status` shows of it. */
  get state(): SupplyState {
    return { facts: this.#facts, report: this.#report, trouble: this.#trouble };
  }

  /** Threads stuck in a system call. */
  get lost(): number {
    return [...this.#ended, this.#thread].filter((thread) => thread.stuck).length;
  }

  /** Opens the database and the local files. Rejects with a `PolicyThreadError` where that fails. */
  async start(): Promise<void> {
    const starting = this.#thread.start(this.#options.config);
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
    if (this.#phase !== 'halted') this.#phase = 'running';
    this.#restart.started();
    this.#begun.resolve(null);
  }

  /** Resolves once a policy with this home serves; a home that could not be read rejects and does not count. */
  async addHome(uid: number, home: string): Promise<void> {
    // why the thread did not start is told to whoever started it
    if (this.#phase === 'starting' && !(await this.#started)) return;
    await this.#thread.ask({ kind: 'home', uid, home });
    this.#homes.set(uid, home);
  }

  forgetHome(uid: number): void {
    this.#homes.delete(uid);
    this.#thread.ask({ kind: 'forget', uid }).catch(() => undefined);
  }

  async sync(): Promise<SyncOutcome> {
    try {
      return await this.#thread.ask({ kind: 'sync' });
    } catch (error) {
      return refusalOf(error);
    }
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
    this.#resetting ??= this.#reset(onReleased).finally(() => (this.#resetting = null));
    return this.#resetting;
  }

  tick(): void {
    if (this.#phase === 'running') this.#thread.tick(SILENT_TICKS);
  }

  /** Nothing new comes from here on, except homes. */
  async halt(): Promise<void> {
    this.#phase = 'halted';
    this.#restart.cancel();
    await this.#thread.askInTime({ kind: 'halt' }, PATIENCE_MS);
  }

  /** Closes the database in good order, unless the thread is too busy for that: then the next start finds it intact. */
  async close(): Promise<void> {
    this.#phase = 'halted';
    this.#restart.cancel();
    await this.#thread.close(PATIENCE_MS);
  }

  async #reset(onReleased: (known: KnownPolicy) => void): Promise<ResetOutcome> {
    const { stateDirectory } = this.#options.config;
    await Promise.race([this.#starting, sleep(START_MS, null, { ref: false })]);
    if (this.#phase !== 'running' && this.#phase !== 'waiting') {
      return { kind: 'failed', code: 'not_ready', message: 'the daemon is starting or stopping: try again' };
    }
    this.#phase = 'resetting';
    this.#restart.cancel();
    // should the thread be too busy to say what it knew
    const serving = this.#known();
    const released = await releaseState(this.#thread, stateDirectory);
    const known = released.known ?? serving;
    onReleased(known);
    if (released.trouble === null) await this.#startAnother();
    else this.#mourn(released.trouble);
    return { kind: 'reset', ...known, trouble: this.#trouble };
  }

  #known(): KnownPolicy {
    const { organisation: org } = this.#facts;
    const policy = this.#options.holder.current()?.policy;
    if (org === null || policy === undefined) return { org, revision: null, governed: [] };
    return { org, revision: policy.revision, governed: DOMAINS.filter((domain) => policy.domains[domain].governed) };
  }

  #newThread(worker?: Worker): PolicyThread {
    const { log, entry } = this.#options;
    const thread: PolicyThread = new PolicyThread(
      {
        onPublish: (publication) => this.#publish(publication),
        onFacts: (facts) => (this.#facts = facts),
        onLog: ({ level, fields, message }) => log[level](fields, message),
        onAudit: (event) => this.#options.audit?.(event),
        onDeath: (cause) => {
          if (thread === this.#thread && this.#phase === 'running') this.#mourn(cause);
        },
      },
      worker ?? loadPolicyThread(entry),
    );
    return thread;
  }

  #publish({ policy, cause, report }: Publication): number {
    this.#report = report;
    return this.#options.holder.swap(policy, cause).generation;
  }

  /** What served serves on; another thread is started after a while. */
  #mourn(cause: string): void {
    this.#phase = 'waiting';
    this.#trouble = cause;
    const waitMs = this.#restart.plan(() => void this.#startAnother());
    const fields = { reason: cause, restart_ms: waitMs };
    this.#options.log.error(fields, 'the policy thread ended; what serves stays, and it starts again');
  }

  #startAnother(): Promise<void> {
    const started = this.#startAgain();
    this.#starting = started;
    return started;
  }

  async #startAgain(): Promise<void> {
    this.#ended = [...this.#ended, this.#thread].filter((thread) => thread.stuck);
    this.#thread = this.#newThread();
    const thread = this.#thread;
    try {
      await thread.start(this.#options.config);
      for (const [uid, home] of this.#homes) await this.#addAgain(thread, uid, home);
      await this.open();
      await this.begin();
      this.#trouble = null;
      this.#options.log.info({}, 'the policy thread runs again');
    } catch (error) {
      void thread.end();
      if (this.#phase !== 'halted') this.#mourn(messageOf(error));
    }
  }

  /** A home that cannot be read any more counts for nobody, and is looked up anew. */
  async #addAgain(thread: PolicyThread, uid: number, home: string): Promise<void> {
    try {
      await thread.ask({ kind: 'home', uid, home });
    } catch (error) {
      this.#homes.delete(uid);
      this.#options.log.error({ err: error, uid }, 'a user’s home cannot be read: that user is not answered');
    }
  }
}
