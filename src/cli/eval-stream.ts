import type { Readable, Writable } from 'node:stream';

/** The longest case; a policy set with thousands of rules fits many times. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads lines, judges each, writes the answers in order. Memory stays constant: one line and what the reader is ahead;
 * the writer's pace decides. An empty line is ignored.
 */
export async function evaluateStream(
  source: Readable,
  target: Writable,
  evaluate: (line: string) => string,
): Promise<void> {
  const lines = new LineSplitter();
  for await (const chunk of source) {
    const answers = lines
      .push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)))
      .flatMap((line) => answer(line, evaluate));
    await write(target, answers);
  }
  const last = lines.rest();
  if (last !== undefined) await write(target, answer(last, evaluate));
}

/** A line, or null for one that was too long to keep. */
type Line = Buffer | null;

function answer(line: Line, evaluate: (line: string) => string): readonly string[] {
  if (line === null) return [failure('the line is larger than 16 MiB')];
  let text: string;
  try {
    text = utf8.decode(line);
  } catch {
    return [failure('the line is not valid UTF-8')];
  }
  return text.trim() === '' ? [] : [evaluate(text)];
}

function failure(message: string): string {
  return JSON.stringify({ error: { code: 'invalid_case', message } });
}

async function write(target: Writable, answers: readonly string[]): Promise<void> {
  if (answers.length === 0 || target.write(`${answers.join('\n')}\n`)) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      target.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    target.on('drain', done).on('close', done).on('error', done);
  });
}

/** Cuts bytes into lines; what is longer than a line may be is dropped as it comes. */
class LineSplitter {
  #chunks: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer): readonly Line[] {
    const lines: Line[] = [];
    let rest = chunk;
    for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE)) {
      this.#keep(rest.subarray(0, at));
      lines.push(this.#take());
      rest = rest.subarray(at + 1);
    }
    this.#keep(rest);
    return lines;
  }

  /** What came after the last newline. */
  rest(): Line | undefined {
    return this.#bytes === 0 ? undefined : this.#take();
  }

  #keep(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#bytes > MAX_LINE_BYTES) this.#chunks = [];
    else if (part.length > 0) this.#chunks.push(part);
  }

  #take(): Line {
    const line = this.#bytes > MAX_LINE_BYTES ? null : Buffer.concat(this.#chunks, this.#bytes);
    this.#chunks = [];
    this.#bytes = 0;
    return line;
  }
}
