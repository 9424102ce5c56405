import type { Writable } from 'node:stream';

export interface OutputOptions {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Machine-readable: one JSON value on standard output, nothing else there. */
  readonly json: boolean;
  readonly colour: boolean;
}

export type Colour = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

const SGR: Readonly<Record<Colour, string>> = { green: '32', red: '31', yellow: '33', dim: '2', bold: '1' };

/** Everything a command says: results on standard output, troubles and hints on standard error. */
export class Output {
  readonly json: boolean;
  readonly stdout: Writable;
  readonly #stderr: Writable;
  readonly #colour: boolean;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.stdout = options.stdout;
    this.#stderr = options.stderr;
    this.#colour = options.colour;
  }

  /** The result: as JSON, or as the lines that `human` gives. */
  result(value: unknown, human: () => readonly string[]): void {
    const text = this.json ? JSON.stringify(value) : human().join('\n');
    if (text !== '') this.stdout.write(`${text}\n`);
  }

  /** The result as it is now, in place of what was shown before; below it where control sequences are not wanted. */
  refresh(lines: readonly string[]): void {
    const before = this.#colour ? '\u001b[H\u001b[J' : '';
    this.stdout.write(`${before}${lines.join('\n')}\n${this.#colour ? '' : '\n'}`);
  }

  /** Whether results may be drawn over. */
  get redraws(): boolean {
    return this.#colour && !this.json;
  }

  note(message: string): void {
    this.#stderr.write(`${printable(message)}\n`);
  }

  error(message: string, hints: readonly string[]): void {
    this.#stderr.write(`${this.paint('reeve:', 'red')} ${printable(message)}\n`);
    for (const hint of hints) this.#stderr.write(`${this.paint('hint:', 'yellow')} ${printable(hint)}\n`);
  }

  paint(text: string, colour: Colour): string {
    return this.#colour ? `\u001b[${SGR[colour]}m${text}\u001b[0m` : text;
  }

  /** Columns as wide as their widest cell; the last one is not padded. */
  table(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
    const cells = [heads, ...rows].map((row) => row.map(printable));
    const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    const lines = cells.map((row) =>
      row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  '),
    );
    return lines.map((line, index) => (index === 0 ? this.paint(line, 'bold') : line));
  }

  /** Names and values, one a line. */
  pairs(entries: readonly (readonly [string, string])[]): readonly string[] {
    const width = Math.max(...entries.map(([name]) => name.length)) + 1;
    return entries.map(([name, value]) => `${this.paint(`${name}:`.padEnd(width), 'dim')} ${printable(value)}`);
  }
}

/** Text of others on a terminal: no control sequences, no line breaks, nothing that turns the writing direction. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
