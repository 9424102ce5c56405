import type { Worker } from 'node:worker_threads';
import type { SnapshotHolder } from '../../pdp/snapshot-holder.ts';
import type { AuditEvent } from '../../sources/audit-event.ts';
import type { Logger } from '../logger.ts';
import type { PolicyReport, Publication, SupplyFacts } from './policy-messages.ts';
import { NO_FACTS, NO_REPORT } from './policy-report.ts';
import { loadPolicyThread, PolicyThread } from './policy-thread.ts';

export interface SeatOptions {
  readonly log: Logger;
  readonly holder: SnapshotHolder;
  /** Something happened to the policy that is to be remembered. Must not throw. */
  readonly audit?: (event: AuditEvent) => void;
  /** What the thread that sits here has told. */
  readonly onFacts?: (facts: SupplyFacts) => void;
  /** What a thread runs; a test hands in one that breaks. */
  readonly entry?: URL;
  /** The thread that sits here is gone. */
  readonly onDeath: (cause: string) => void;
}

/** Whether the first policy of a thread may serve; the thread sits here from that moment on. */
export type Admission = (publication: Publication) => boolean;

/**
 * The one policy thread that counts. What it publishes serves at once, by one assignment; what another one makes does
 * not, until it is admitted.
 */
export class PolicySeat {
  readonly #options: SeatOptions;
  /** Loaded, and not sitting here yet. */
  readonly #candidates = new Set<PolicyThread>();
  #thread: PolicyThread;
  #former: readonly PolicyThread[] = [];
  #facts: SupplyFacts = NO_FACTS;
  #report: PolicyReport = NO_REPORT;

  constructor(options: SeatOptions, loading?: Worker) {
    this.#options = options;
    this.#thread = this.load(() => false, loading);
    this.#candidates.delete(this.#thread);
  }

  get thread(): PolicyThread {
    return this.#thread;
  }

  get facts(): SupplyFacts {
    return this.#facts;
  }

  get report(): PolicyReport {
    return this.#report;
  }

  /** Threads stuck in a system call. */
  get lost(): number {
    return [...this.#former, this.#thread].filter((thread) => thread.stuck).length;
  }

  /** Another thread; nothing that it says counts before it is admitted. */
  load(admits: Admission, worker?: Worker): PolicyThread {
    const { log, entry, audit, onDeath, holder } = this.#options;
    let facts: SupplyFacts | null = null;
    const thread: PolicyThread = new PolicyThread(
      {
        onPublish: (publication) => {
          if (thread !== this.#thread) {
            // one that has sat here before does not come back
            if (!this.#candidates.has(thread) || !admits(publication)) return holder.current()?.generation ?? 0;
            this.#sit(thread, facts);
          }
          return this.#publish(publication);
        },
        onFacts: (told) => {
          facts = told;
          if (thread === this.#thread) this.#keep(told);
        },
        onLog: ({ level, fields, message }) => log[level](fields, message),
        onAudit: (event) => audit?.(event),
        onDeath: (cause) => {
          if (thread === this.#thread) onDeath(cause);
        },
      },
      worker ?? loadPolicyThread(entry),
    );
    this.#candidates.add(thread);
    return thread;
  }

  /** For a thread that is gone: the next one sits here from the beginning. */
  renew(): PolicyThread {
    const thread = this.load(() => false);
    this.#sit(thread, null);
    return thread;
  }

  /** A candidate that is not taken. */
  dismiss(thread: PolicyThread): void {
    this.#candidates.delete(thread);
    this.#former = [...this.#former.filter(({ stuck }) => stuck), thread];
    void thread.end();
  }

  /** In good order, unless the thread is too busy for that. */
  async close(ms: number): Promise<void> {
    for (const candidate of this.#candidates) this.dismiss(candidate);
    await this.#thread.close(ms);
  }

  #sit(thread: PolicyThread, facts: SupplyFacts | null): void {
    this.#candidates.delete(thread);
    this.#former = [...this.#former.filter(({ stuck }) => stuck), this.#thread];
    this.#thread = thread;
    if (facts !== null) this.#keep(facts);
  }

  #keep(facts: SupplyFacts): void {
    this.#facts = facts;
    this.#options.onFacts?.(facts);
  }

  #publish({ policy, cause, report }: Publication): number {
    this.#report = report;
    return this.#options.holder.swap(policy, cause).generation;
  }
}
