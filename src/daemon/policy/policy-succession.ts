import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../base/coded-error.ts';
import { COMPILE_DEADLINE_MS } from '../../schema/limits.ts';
import type { KnownPolicy } from '../../store/policy-state.ts';
import { policyLoss } from '../config/config-change.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';
import { HomeRoll, startWithHomes } from './home-roll.ts';
import { inTime } from './in-time.ts';
import { PolicySeat } from './policy-seat.ts';
import type { PolicySupplyOptions } from './policy-supply-options.ts';
import { type PolicyThread, refusalOf } from './policy-thread.ts';
import { releaseState, servedPolicy } from './release-state.ts';
import { RestartTimer } from './restart-timer.ts';
import { BUSY, type ConfigOutcome, type ResetOutcome } from './supply-outcome.ts';

/** How long each step waits for a thread that is busy. */
const PATIENCE_MS = 2_000;
/** How long a reset or another configuration waits for a start that is under way. */
const START_MS = 20_000;

/** Of a candidate. */
interface Verdict {
  /** It was asked for a policy; one that comes sooner would serve while the old thread still writes. */
  asked: boolean;
  /** Why its policy does not serve. */
  loss: string | null;
}

/** How one policy thread follows another: after a death, a reset, or with another configuration. One at a time. */
export class PolicySuccession {
  readonly seat: PolicySeat;
  readonly homes: HomeRoll;
  readonly #options: PolicySupplyOptions;
  readonly #restart: RestartTimer;
  readonly #begun = Promise.withResolvers<null>();
  readonly #startMs: number;
  #config: DaemonConfig;
  #phase: 'starting' | 'running' | 'waiting' | 'replacing' | 'halted' = 'starting';
  /** The start that is under way, or was the last. */
  #starting: Promise<unknown> = this.#begun.promise;
  /** Resets and changes, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #handover: Promise<unknown> | null = null;
  #trouble: string | null = null;

  constructor(options: PolicySupplyOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#startMs = options.startMs ?? 2 * COMPILE_DEADLINE_MS;
    this.#restart = new RestartTimer(options.clock);
    this.homes = new HomeRoll(options.log, options.onHomeLost);
    const onDeath = (cause: string): void => {
      if (this.#phase === 'running') this.#mourn(cause, 'the policy thread ended');
    };
    this.seat = new PolicySeat({ ...options, onDeath }, options.loading);
  }

  get config(): DaemonConfig {
    return this.#config;
  }

  get phase(): string {
    return this.#phase;
  }

  /** Why there is no thread; null = it runs. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Its thread has begun to poll. */
  begun(): void {
    if (!this.#isHalted()) this.#phase = 'running';
    this.#trouble = null;
    this.#restart.started();
    this.#begun.resolve(null);
  }

  /** The thread that goes on: while one takes over from another, nobody knows yet. */
  async lasting(): Promise<PolicyThread> {
    await this.#handover;
    return this.seat.thread;
  }

  halt(): void {
    this.#phase = 'halted';
    this.#restart.cancel();
  }

  reset(onReleased: (known: KnownPolicy) => void): Promise<ResetOutcome> {
    return this.#inTurn(() => this.#reset(onReleased));
  }

  /** Takes up another configuration; `policy`: what serves has to be made anew with it. Never rejects. */
  change(config: DaemonConfig, policy: boolean): Promise<ConfigOutcome> {
    return this.#inTurn(async () => {
      if (policy) return this.#change(config);
      this.#config = config;
      return { kind: 'changed' };
    });
  }

  #isHalted(): boolean {
    return this.#phase === 'halted';
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task, task);
    this.#turn = done;
    return done;
  }

  /** Nothing else is under way from here on; null where it is. */
  async #takeOver(): Promise<'running' | 'waiting' | null> {
    await Promise.race([this.#starting, sleep(START_MS, null, { ref: false })]);
    const phase = this.#phase;
    if (phase !== 'running' && phase !== 'waiting') return null;
    this.#phase = 'replacing';
    this.#restart.cancel();
    return phase;
  }

  async #reset(onReleased: (known: KnownPolicy) => void): Promise<ResetOutcome> {
    if ((await this.#takeOver()) === null) return BUSY;
    // should the thread be too busy to say what it knew
    const serving = servedPolicy(this.#options.holder, this.seat.facts);
    const released = await releaseState(this.seat.thread, this.#config.stateDirectory);
    const known = released.known ?? serving;
    onReleased(known);
    if (released.trouble === null) await this.#startAnother();
    else this.#mourn(released.trouble, 'the state is not reset');
    return { kind: 'reset', ...known, trouble: this.#trouble };
  }

  /** Everything that can fail is done by a second thread beside the one that serves; the swap comes last. */
  async #change(config: DaemonConfig): Promise<ConfigOutcome> {
    const before = await this.#takeOver();
    if (before === null) return BUSY;
    const verdict: Verdict = { asked: false, loss: null };
    const next = this.seat.load(({ policy }) => {
      if (!verdict.asked) return false;
      verdict.loss = policyLoss(policy, this.#options.holder.current()?.policy ?? null);
      if (verdict.loss === null) this.#config = config;
      return verdict.loss === null;
    });
    try {
      await inTime(startWithHomes(next, config, this.homes), this.#startMs);
    } catch (error) {
      this.seat.dismiss(next);
      if (before === 'waiting') this.#mourn(this.#trouble ?? messageOf(error), 'there is still no policy thread');
      else if (!this.#isHalted()) this.#phase = 'running';
      return refusalOf(error);
    }
    const change = this.#handOver(next, verdict).finally(() => (this.#handover = null));
    this.#handover = change;
    return change;
  }

  /** Two threads never write: the old one does nothing more before the new one begins with what is stored. */
  async #handOver(next: PolicyThread, verdict: Verdict): Promise<ConfigOutcome> {
    const old = this.seat.thread;
    await old.askInTime({ kind: 'halt' }, PATIENCE_MS);
    verdict.asked = true;
    const failure = await inTime(next.ask({ kind: 'open' }), this.#startMs).then(() => null, refusalOf);
    await Promise.race([old.close(PATIENCE_MS), sleep(2 * PATIENCE_MS, null, { ref: false })]);
    if (this.seat.thread === next) {
      if (!this.#isHalted()) await this.#tried(next, () => next.ask({ kind: 'begin' }));
      return { kind: 'changed' };
    }
    this.seat.dismiss(next);
    if (!this.#isHalted()) await this.#startAnother();
    const message = verdict.loss ?? 'the policy cannot be made with it: the log says why';
    return failure ?? { kind: 'failed', code: 'policy_lost', message };
  }

  /** What served serves on; another thread is started after a while. */
  #mourn(cause: string, what: string): void {
    if (this.#isHalted()) return;
    this.#phase = 'waiting';
    this.#trouble = cause;
    const waitMs = this.#restart.plan(() => void this.#startAnother());
    const fields = { reason: cause, restart_ms: waitMs };
    this.#options.log.error(fields, `${what}; what serves stays, and another one is started`);
  }

  #startAnother(): Promise<unknown> {
    const thread = this.seat.renew();
    const started = this.#tried(thread, async () => {
      await startWithHomes(thread, this.#config, this.homes);
      await thread.ask({ kind: 'open' });
      await thread.ask({ kind: 'begin' });
    });
    this.#starting = started.then((runs) => runs && this.#options.log.info({}, 'the policy thread runs again'));
    return this.#starting;
  }

  /** Its last steps, behind which it polls; whether it does. One that cannot is followed by another. */
  async #tried(thread: PolicyThread, steps: () => Promise<unknown>): Promise<boolean> {
    try {
      await inTime(steps(), this.#startMs);
      this.begun();
      return true;
    } catch (error) {
      void thread.end();
      this.#mourn(messageOf(error), 'another policy thread could not start');
      return false;
    }
  }
}
