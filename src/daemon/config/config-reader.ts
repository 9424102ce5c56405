import { Worker } from 'node:worker_threads';
import type { DaemonConfig, Service } from './daemon-config.ts';

export type ConfigReading =
  | { readonly kind: 'config'; readonly config: DaemonConfig }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** More than a disk needs that answers at all. */
const DEADLINE_MS = 10_000;

/** Runs from the `.ts` sources and from the built `.js` alike: the thread's file has this file's extension. */
const ENTRY = new URL(
  `../config-thread-entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

/** What the thread is started with. */
export interface ConfigQuestion {
  readonly file: string;
  /** As at the start; undefined = what follows from the user. */
  readonly service: Service | undefined;
}

/**
 * Reads the configuration of a running daemon, in a thread of its own: the file, the pinned root and the keys may lie on
 * a disk that hangs, and checking them takes longer than a decision may wait.
 */
export class ConfigReader {
  readonly #question: ConfigQuestion;
  readonly #deadlineMs: number;
  #lost = 0;

  constructor(question: ConfigQuestion, deadlineMs = DEADLINE_MS) {
    this.#question = question;
    this.#deadlineMs = deadlineMs;
  }

  /** Threads stuck in a system call. */
  get lost(): number {
    return this.#lost;
  }

  /** Never rejects. */
  read(): Promise<ConfigReading> {
    const worker = new Worker(ENTRY, { name: 'configuration', workerData: this.#question });
    this.#lost += 1;
    worker.once('exit', () => (this.#lost -= 1));
    return new Promise((resolve) => {
      const refuse = (message: string): void => resolve({ kind: 'refused', code: 'config_unreadable', message });
      const deadline = setTimeout(() => {
        refuse(`the configuration could not be read within ${this.#deadlineMs / 1_000} s: look at the disk it is on`);
        void worker.terminate();
      }, this.#deadlineMs);
      worker.once('message', resolve);
      worker.once('error', (error: Error) => refuse(`the configuration could not be read: ${error.message}`));
      worker.once('exit', () => {
        clearTimeout(deadline);
        // what it has said counts
        refuse('the configuration could not be read');
      });
    });
  }
}
