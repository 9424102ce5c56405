import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { runCommandLine } from '../../src/cli/run.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Buffer;
  /** Whether somebody sits there to be asked. */
  readonly terminal?: boolean;
  readonly cwd?: string;
  readonly colour?: boolean;
  /** What sudo would have said. */
  readonly invoker?: string;
  /** Resolving it is the SIGTERM of this run. */
  readonly stopped?: Promise<string>;
  /** Called with each piece of standard output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a command line in this process, as `main.ts` would. */
export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { stdin = '', terminal = false, cwd = '/', colour = false, onOutput } = options;
  const stopped = options.stopped ?? new Promise<string>(() => undefined);
  const out = { stdout: '', stderr: '' };
  const collect = (name: 'stdout' | 'stderr'): PassThrough =>
    new PassThrough().on('data', (chunk: Buffer) => {
      out[name] += chunk.toString();
      if (name === 'stdout') onOutput?.(chunk.toString());
    });
  const [stdout, stderr] = [collect('stdout'), collect('stderr')];
  const code = await runCommandLine(argv, {
    stdin: Object.assign(Readable.from([Buffer.from(stdin)]), terminal ? { isTTY: true } : {}),
    stdout,
    stderr,
    cwd,
    colour: { stdout: colour, stderr: colour },
    stopped: () => stopped,
    // this process ends with the tests
    beforeEnd: () => () => undefined,
    invoker: options.invoker ?? null,
  });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...out };
}

export function temporaryDirectory(t: TestContext): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'reeve-cli-')));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
