import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchangeHttp, httpRequest, type RawResponse } from './raw-http.ts';
import type { Scope } from './scope.ts';
import { tempDirectory } from './temp-tree.ts';

/** Each start loads the whole program: what the first one compiled, the others take from here. */
const compiled = mkdtempSync(join(tmpdir(), 'reeve-compiled-'));
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }));

/** Lets a process count for the coverage of the test run; it costs each of them a good deal. */
export const COVERED: Environment = { NODE_V8_COVERAGE: process.env['NODE_V8_COVERAGE'] ?? '' };

type Environment = Readonly<Record<string, string>>;

const PROGRAM = join(import.meta.dirname, '../../src/cli/main.ts');

/** A machine with a directory of its own for everything that a daemon touches. */
export interface Machine {
  readonly root: string;
  readonly config: string;
  readonly decide: string;
  readonly admin: string;
  readonly state: string;
  readonly local: string;
  readonly log: string;
  /** Writes the configuration: the machine's own places, and whatever is given. */
  readonly configure: (more?: Readonly<Record<string, unknown>>) => void;
  /** Writes one local override file. */
  readonly writeLocal: (name: string, rules: readonly unknown[]) => void;
}

export function machine(t: Scope): Machine {
  const root = tempDirectory(t);
  const at = (name: string): string => join(root, name);
  const places = { config: at('reeve.yaml'), decide: at('run/decide.sock'), admin: at('run/admin.sock') };
  const [state, local, log] = [at('state'), at('local.d'), at('reeve.log')];
  mkdirSync(local, { mode: 0o755 });
  const made: Machine = {
    root,
    ...places,
    state,
    local,
    log,
    configure: (more = {}) => {
      const config = {
        sockets: { decide: places.decide, admin: places.admin },
        state_directory: state,
        local_directory: local,
        log: { level: 'debug', destination: log },
        ...more,
      };
      writeFileSync(places.config, JSON.stringify(config), { mode: 0o600 });
    },
    writeLocal: (name, rules) =>
      writeFileSync(join(local, name), JSON.stringify({ version: 1, rules }), { mode: 0o644 }),
  };
  made.configure();
  return made;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** `reeve daemon`, as a user starts it. */
export interface DaemonProcess {
  readonly pid: number;
  /** Resolves when it has ended; everything it printed by then. */
  readonly ended: Promise<Ended>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** SIGTERM, and the end. */
  readonly stop: () => Promise<Ended>;
}

/** What else a process is started with. */
export interface Spawning {
  readonly env?: Environment;
  /** A listening socket that is handed over as the decide socket, as a service manager does. */
  readonly decideDescriptor?: number;
  /** What runs; the sources by default. */
  readonly program?: string;
}

/** Starts the process and does not wait for anything. It is killed at the end of the test, if it lives so long. */
export function spawnDaemon(t: Scope, config: string, spawning: Spawning = {}): DaemonProcess {
  const { env = {}, decideDescriptor, program = PROGRAM } = spawning;
  const handed = decideDescriptor === undefined ? [] : [decideDescriptor];
  const named = handed.length === 0 ? {} : { LISTEN_FDS: '1', LISTEN_FDNAMES: 'decide' };
  // only the process itself knows its id before it runs
  const child = spawn(
    '/bin/sh',
    ['-c', 'LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, program, 'daemon', '--config', config],
    {
      stdio: ['ignore', 'ignore', 'pipe', ...handed],
      env: { ...process.env, NODE_V8_COVERAGE: '', NODE_COMPILE_CACHE: compiled, ...named, ...env },
    },
  );
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode, stderr }));
  t.after(() => killed(child, ended));
  const stop = (): Promise<Ended> => {
    child.kill('SIGTERM');
    return within(15_000, 'the daemon to end', ended);
  };
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal), stop };
}

async function killed(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await ended;
}

/** Starts the daemon of a machine and waits until it says that it is ready. */
export async function startDaemonProcess(
  t: Scope,
  { config, decide }: Machine,
  spawning: Spawning = {},
): Promise<DaemonProcess> {
  const daemon = spawnDaemon(t, config, spawning);
  let end: Ended | null = null;
  void daemon.ended.then((value) => (end = value));
  await eventually('the daemon to be ready', async () => {
    if (end !== null) assert.fail(`the daemon ended: ${JSON.stringify(end)}`);
    const [response] = await exchangeHttp(decide, httpRequest('GET', '/readyz')).catch(() => []);
    return response?.status === 200;
  });
  return daemon;
}

/** Polls until `look` holds; bounded. */
export async function eventually(what: string, look: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await look())) {
    if (performance.now() > deadline) assert.fail(`waited ${ms} ms for ${what}`);
    await sleep(25);
  }
}

/** The result of something that must not take longer. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  const patience = new AbortController();
  const late = sleep(ms, null, { signal: patience.signal }).then(() => assert.fail(`waited ${ms} ms for ${what}`));
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    patience.abort();
  }
}

/** One HTTP request on a socket. */
export async function call(socket: string, line: string, body?: unknown): Promise<RawResponse> {
  const [method = 'GET', target = '/'] = line.split(' ');
  const text = body === undefined ? '' : JSON.stringify(body);
  const [response] = await exchangeHttp(
    socket,
    httpRequest(method, target, { headers: { 'Content-Type': 'application/json' }, body: text }),
  );
  return response ?? assert.fail(`no answer to ${line}`);
}

/** The parts of an answer that tests compare. */
export interface Decided {
  readonly decision: string;
  readonly code: string;
  readonly rule: string | undefined;
  readonly reason: string;
  readonly revision: string;
  readonly generation: number;
}

/** How often a busy machine is asked again before its answer counts. */
const PATIENCE = 20;

/** Asks over HTTP, as curl would; `overloaded` says to ask again, as it does while this machine starts many threads. */
export async function decided({ decide }: Machine, question: unknown): Promise<Decided> {
  let reply = await call(decide, 'POST /v1/decide', question);
  for (let asked = 1; asked < PATIENCE && reply.text.includes('"code":"overloaded"'); asked += 1) {
    await sleep(100);
    reply = await call(decide, 'POST /v1/decide', question);
  }
  const { status, json, text } = reply;
  assert.equal(status, 200, text);
  const { rule, ...answer } = json as Omit<Decided, 'rule'> & { readonly rule?: { readonly id: string } };
  return { ...answer, rule: rule?.id };
}

/** `allow org_allow` and the like. */
export async function verdict(machine: Machine, question: unknown): Promise<string> {
  const { decision, code } = await decided(machine, question);
  return `${decision} ${code}`;
}

export const toHost = (host: string, port = 443): object => ({ action: 'connect:tcp', host, port });

/** The log's lines so far. */
export function logText({ log }: Machine): string {
  return readFileSync(log, 'utf8');
}
