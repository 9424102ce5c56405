import type { DaemonConfig } from '../config/daemon-config.ts';
import type { Logger } from '../logger.ts';
import { type PolicyThread, PolicyThreadError } from './policy-thread.ts';

/** The homes that are known, for threads that have to be told of them anew. */
export class HomeRoll {
  readonly #log: Logger;
  readonly #onLost: (uid: number) => void;
  readonly #homes = new Map<number, string>();

  constructor(log: Logger, onLost: (uid: number) => void = () => undefined) {
    this.#log = log;
    this.#onLost = onLost;
  }

  add(uid: number, home: string): void {
    this.#homes.set(uid, home);
  }

  forget(uid: number): void {
    this.#homes.delete(uid);
  }

  /** Also those that are added meanwhile; rejects where the thread is gone. One that cannot be read any more counts for nobody, and is looked up anew. */
  async tellTo(thread: PolicyThread): Promise<void> {
    for (const [uid, home] of this.#homes) {
      try {
        await thread.ask({ kind: 'home', uid, home });
      } catch (error) {
        // that is no fault of the home
        if (error instanceof PolicyThreadError && error.code === 'policy_thread_lost') throw error;
        this.#homes.delete(uid);
        this.#onLost(uid);
        this.#log.error({ err: error, uid }, 'a user’s home cannot be read: that user is not answered');
      }
    }
  }
}

/** All that a thread does before it makes its first policy. */
export async function startWithHomes(thread: PolicyThread, config: DaemonConfig, homes: HomeRoll): Promise<void> {
  await thread.start(config);
  await homes.tellTo(thread);
}
