// The demo's real processes: every one is the program that a user would start.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const program = join(root, 'src/cli/main.ts');

/** A server of ours that runs until `stop`. */
export interface Running {
  /** Everything it printed so far. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts `reeve ARGS` in the background. */
export function start(args: readonly string[]): Running {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { output: () => output, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([ended, sleep(5_000).then(() => child.kill('SIGKILL'))]);
}

/** Runs `reeve ARGS` to its end; what it printed. */
export function run(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`reeve ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Waits until `look` gives something; fails after `seconds` with what was waited for. */
export async function eventually<T>(
  what: string,
  seconds: number,
  look: () => T | null | Promise<T | null>,
): Promise<T> {
  const deadline = performance.now() + seconds * 1_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(100);
  }
}

/** Asks with curl, as any program could; null where there is no curl. */
export function curl(socket: string, question: object): unknown {
  const args = [
    '-sS',
    '--max-time',
    '5',
    '--unix-socket',
    socket,
    'http://reeve/v1/decide',
    '-d',
    JSON.stringify(question),
  ];
  const { status, stdout } = spawnSync('curl', args, { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as unknown) : null;
}
