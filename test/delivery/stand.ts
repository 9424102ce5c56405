import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setEnvironmentData } from 'node:worker_threads';
import { systemClock } from '../../src/base/clock.ts';
import type { DaemonConfig, SourceConfig } from '../../src/daemon/config/daemon-config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/daemon/logger.ts';
import { configOf } from '../daemon/config.ts';
import { eventually, toHost } from '../support/daemon-process.ts';
import type { Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const PATIENCE_MS = 60_000;
const ENTRY = new URL('../../src/daemon/policy-thread-entry.ts', import.meta.url);

/** The parts of `status` that are about delivery. */
export interface StandStatus {
  readonly ready: boolean;
  readonly revision: string;
  readonly generation: number;
  readonly source: {
    readonly state: string;
    readonly last_success: string | null;
    readonly last_error: { readonly stage: string; readonly code: string; readonly message: string } | null;
    readonly next_attempt: string | null;
    readonly pending_absences: readonly string[];
    readonly warnings: readonly { readonly code: string }[];
  } | null;
  readonly domains: Readonly<
    Record<string, { readonly closed: { readonly code: string; readonly reason: string } | null }>
  >;
  readonly rules: { readonly active: number; readonly inactive: number };
  readonly staleness: { readonly state: string; readonly age_seconds: number | null };
  readonly local_files: readonly { readonly file: string; readonly state: string }[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly decision_log: { readonly last_error: string | null } | null;
}

/** A line of the daemon's log, as far as it is about delivery. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly code?: string;
  readonly stage?: string;
  readonly reason?: string;
  /** Of an audit event. */
  readonly event?: string;
  readonly message?: string;
  readonly err?: { readonly code?: string };
}

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly json: unknown;
}

/** A place on this machine for one daemon: its configuration, its clock, and what it wrote. */
export interface Stand {
  readonly root: string;
  readonly state: string;
  readonly config: DaemonConfig;
  /** Starts the daemon; it ends with the test, or by `stop`. */
  start(): Promise<Daemon>;
  stop(): Promise<void>;
  /** `allow org_allow` and the like, of one generation; where there are no answers, why. */
  ask(...hosts: readonly string[]): Promise<readonly string[]>;
  status(): Promise<StandStatus>;
  sync(): Promise<Answer>;
  /** Waits until no run is in progress, and none begins by itself so soon. */
  idle(forMs?: number): Promise<void>;
  /** What was logged since the last call. */
  logged(): Promise<readonly LogLine[]>;
  /** Moves both clocks of the daemon, forwards or back; whatever waits for a time waits on. */
  shift(ms: number): void;
}

export interface StandOptions {
  /** `source` of the configuration file. */
  readonly source: ((root: string) => Readonly<Record<string, unknown>>) | null;
  /** Beside it. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** For one request. */
  readonly deadlineMs?: number;
  /** Runs the daemon at another time than this machine's. */
  readonly shiftMs?: number;
}

let stands = 0;

/** Each policy thread loads as much as a daemon: what the first one compiled, the others take from here. */
const compiled = mkdtempSync(join(tmpdir(), 'reeve-compiled-'));
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }));

/** Prepares everything and starts nothing. */
export function stand(t: Scope, { source, more = {}, deadlineMs = 10_000, shiftMs = 0 }: StandOptions): Stand {
  const root = tempDirectory(t);
  for (const name of ['state', 'run', 'local.d']) mkdirSync(join(root, name), { mode: 0o700 });
  const log = join(root, 'reeve.log');
  const config = withDeadline(
    configOf({
      sockets: { decide: join(root, 'run/decide.sock'), admin: join(root, 'run/admin.sock') },
      state_directory: join(root, 'state'),
      local_directory: join(root, 'local.d'),
      log: { level: 'info', destination: log },
      decision_log: { enabled: false },
      source: source?.(root) ?? null,
      ...more,
    }),
    deadlineMs,
  );
  const logger = createLogger(config.log);
  const shift = sharedShift(root, shiftMs);
  const { decideSocket, adminSocket } = config;
  let daemon: Daemon | null = null;
  let read = 0;
  let agent = new Agent({ keepAlive: true });
  const at = (socketPath: string): Way => ({ socketPath, agent });
  const status = async (): Promise<StandStatus> => (await call(at(decideSocket), 'GET /v1/status')).json as StandStatus;
  const asked = (question: unknown): Promise<Answer> => call(at(decideSocket), 'POST /v1/decide', question);
  const stop = async (): Promise<void> => {
    agent.destroy();
    agent = new Agent({ keepAlive: true });
    await daemon?.close();
    daemon = null;
  };
  t.after(stop);
  return {
    ...{ root, config, status, stop },
    state: join(root, 'state'),
    async start() {
      const clock = { ...systemClock, now: () => Date.now() + (shift.ms[0] ?? 0) };
      daemon = await startDaemon({ config, log: logger, clock, entry: shift.entry });
      return daemon;
    },
    async ask(...hosts) {
      const { status: code, json } = await asked(hosts.map((host) => toHost(host)));
      const refused = `${code} ${(json as { error?: { code?: string } }).error?.code ?? ''}`;
      if (code !== 200) return hosts.map(() => refused);
      return (json as { decision: string; code: string }[]).map((answer) => `${answer.decision} ${answer.code}`);
    },
    sync: () => call(at(adminSocket), 'POST /v1/sync'),
    idle: (forMs = 0) =>
      eventually('no run to be in progress', async () => {
        const next = (await status()).source?.next_attempt ?? null;
        return next !== null && Date.parse(next) - Date.now() - (shift.ms[0] ?? 0) >= forMs;
      }),
    async logged() {
      await new Promise((resolve) => logger.flush(resolve));
      const text = readFileSync(log, 'utf8');
      const lines = text.slice(read).split('\n');
      read = text.length;
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LogLine);
    },
    shift: (ms) => void (shift.ms[0] = (shift.ms[0] ?? 0) + ms),
  };
}

interface Way {
  readonly socketPath: string;
  readonly agent: Agent;
}

/** One request; it may have to wait for a sync that waits for its deadlines. */
function call(way: Way, line: string, body?: unknown): Promise<Answer> {
  const [method = '', path = ''] = line.split(' ');
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request({ ...way, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers: fields } = response;
        const json = JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
        resolve({ status: statusCode, retryAfter: fields['retry-after'], json });
      });
    });
    asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error(`no answer to ${line} in ${PATIENCE_MS} ms`)));
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** An entry of a policy thread whose clock is off by what stands in memory that is shared with it. */
function sharedShift(root: string, shiftMs: number): { readonly ms: Float64Array; readonly entry: URL } {
  stands += 1;
  const key = `reeve stand ${stands}`;
  const ms = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  ms[0] = shiftMs;
  setEnvironmentData(key, ms.buffer);
  const entry = join(root, 'entry.mjs');
  writeFileSync(
    entry,
    `import { enableCompileCache } from 'node:module';
    import { getEnvironmentData } from 'node:worker_threads';
    enableCompileCache(${JSON.stringify(compiled)});
    const shift = new Float64Array(getEnvironmentData(${JSON.stringify(key)}));
    const { now } = Date;
    Date.now = () => Math.round(now() + shift[0]);
    await import(${JSON.stringify(ENTRY.href)});`,
  );
  return { ms, entry: pathToFileURL(entry) };
}

/** No configuration file sets deadlines as short as a test has to. */
function withDeadline(config: DaemonConfig, deadlineMs: number): DaemonConfig {
  if (config.source === null) return config;
  const source: SourceConfig = { ...config.source, deadlineMs } as SourceConfig;
  return { ...config, source };
}
