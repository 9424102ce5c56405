import { type ChildProcess, type ForkOptions, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from './blocking-socket.ts';

const HERE = import.meta.dirname;
const READY_MS = 60_000;
const REPLY_MS = 240_000;
const STOP_MS = 12_000;

/** A process of the bench; all of them are ended when it ends. */
export interface BenchProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

/** One that answers messages, one at a time. */
export interface Worker extends BenchProcess {
  ask<T>(message: unknown): Promise<T>;
  /** Lets it come to its own end: it writes then what its flags ask for. */
  finish(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    process.stderr.write(`bench: ended by ${signal}\n`);
    process.exit(1);
  });
}

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export function nodeProgram(file: string, args: readonly string[], flags: readonly string[] = []): Program {
  return { command: process.execPath, args: [...flags, file.startsWith('/') ? file : join(HERE, file), ...args] };
}

/** Starts a server and waits until it takes connections. */
export async function startServer(program: Program, address: Address): Promise<BenchProcess> {
  const child = spawn(program.command, program.args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...program.env },
  });
  const server = tracked(child);
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-2_000)));
  const deadline = performance.now() + READY_MS;
  while (!(await takesConnections(address))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program.command} ended: ${complaint}`);
    if (performance.now() > deadline) throw new Error(`${program.command} does not get ready: ${complaint}`);
    await sleep(5);
  }
  return server;
}

export function takesConnections(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(
      address.kind === 'unix' ? { path: address.path } : { host: '127.0.0.1', port: address.port },
    );
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Starts one of our own workers. */
export function startWorker(file: string, args: readonly string[] = [], options: ForkOptions = {}): Worker {
  const child = fork(file.startsWith('/') ? file : join(HERE, file), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    ...options,
  });
  const stopping = tracked(child);
  return {
    ...stopping,
    async finish() {
      const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_MS) });
      child.disconnect();
      await ended;
    },
    async ask<T>(message: unknown): Promise<T> {
      const patience = AbortSignal.timeout(REPLY_MS);
      const ended = once(child, 'exit', { signal: patience }).then(() => {
        throw new Error(`${file} ended before it answered`);
      });
      const answered = once(child, 'message', { signal: patience }) as Promise<[T]>;
      answered.catch(() => undefined);
      ended.catch(() => undefined);
      child.send(message as object);
      const [reply] = await Promise.race([answered, ended]);
      return reply;
    },
  };
}

function tracked(child: ChildProcess): BenchProcess {
  running.add(child);
  const ended = once(child, 'exit').catch(() => undefined);
  void ended.then(() => running.delete(child));
  return {
    pid: child.pid ?? 0,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = new AbortController();
      const killed = sleep(STOP_MS, null, { signal: late.signal }).then(
        () => child.kill('SIGKILL'),
        () => false,
      );
      await ended;
      late.abort();
      await killed;
    },
  };
}
