import type { WriterRequest } from './log-messages.ts';
import type { LogQuery, LogQueryAnswer } from './log-query.ts';

/** The writer searches for at most a tenth of a second, and may be waiting for the disk before. */
const PATIENCE_MS = 10_000;
const MAX_QUESTIONS = 8;

/** Searches that the writer has been asked for and has not answered. */
export class LogQuestions {
  readonly #open = new Map<number, (answer: LogQueryAnswer) => void>();
  #number = 0;

  ask(query: LogQuery, post: (request: WriterRequest) => void): Promise<LogQueryAnswer> {
    if (this.#open.size >= MAX_QUESTIONS) return Promise.resolve(unavailable('others are searching it: ask again'));
    this.#number += 1;
    const number = this.#number;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.settle(number, unavailable('it did not answer in time')), PATIENCE_MS);
      this.#open.set(number, (answer) => {
        clearTimeout(late);
        resolve(answer);
      });
      post({ kind: 'query', number, query });
    });
  }

  settle(number: number, answer: LogQueryAnswer): void {
    const resolve = this.#open.get(number);
    this.#open.delete(number);
    resolve?.(answer);
  }

  /** Nobody is left to answer them. */
  dismiss(): void {
    for (const number of [...this.#open.keys()]) this.settle(number, unavailable('its writer ended'));
  }
}

export function unavailable(why: string): LogQueryAnswer {
  return { kind: 'unavailable', message: `the decision log cannot be read: ${why}` };
}
