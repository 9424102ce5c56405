import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CliError } from './cli-error.ts';
import type { Output } from './output.ts';

export interface Choice<T> {
  readonly value: T;
  readonly text: string;
}

/** Asks a person, a line an answer. Questions go to standard error: what is printed as a result stays clean. */
export class Prompt {
  readonly #output: Output;
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;

  constructor(output: Output, stdin: Readable) {
    this.#output = output;
    this.#reader = createInterface({ input: stdin });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  /** Again until `read` takes it; an empty line is `fallback`. `read` throws a `CliError` for what it does not take. */
  async ask<T>(question: string, read: (text: string) => T, fallback?: string): Promise<T> {
    for (;;) {
      this.#output.note(fallback === undefined || fallback === '' ? `${question}:` : `${question} [${fallback}]:`);
      const text = (await this.#line()).trim();
      try {
        return read(text === '' ? (fallback ?? '') : text);
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        this.#output.note(`  ${error.message}`);
      }
    }
  }

  /** One of some, by number; the first is the default. */
  choose<T>(question: string, choices: readonly Choice<T>[]): Promise<T> {
    this.#output.note(question);
    for (const [index, { text }] of choices.entries()) this.#output.note(`  ${index + 1}  ${text}`);
    const read = (text: string): T => {
      const found = /^\d+$/.test(text) ? choices[Number(text) - 1] : undefined;
      if (found === undefined) throw new CliError('usage', `type a number from 1 to ${choices.length}`);
      return found.value;
    };
    return this.ask('number', read, '1');
  }

  confirm(question: string, fallback: 'y' | 'n'): Promise<boolean> {
    const read = (text: string): boolean => {
      if (/^y(?:es)?$/i.test(text)) return true;
      if (/^no?$/i.test(text)) return false;
      throw new CliError('usage', 'type `y` or `n`');
    };
    return this.ask(`${question} (y/n)`, read, fallback);
  }

  /** While something else asks at the same terminal. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    this.#reader.pause();
    try {
      return await work();
    } finally {
      this.#reader.resume();
    }
  }

  close(): void {
    this.#reader.close();
  }

  async #line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done !== true) return next.value;
    throw new CliError('failed', 'the input ended before everything was answered: nothing was written');
  }
}
