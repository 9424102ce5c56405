import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { type CredentialKind, createCredential } from '../../src/control-plane/credentials.ts';
import type { LogEntry } from '../../src/control-plane/log-entry.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../../src/control-plane/server.ts';
import { openControlPlaneDatabase } from '../../src/control-plane/store/open.ts';
import type { Scope } from '../support/scope.ts';

export const ORG = 'acme';
export const POLICIES = `/orgs/${ORG}/governance/policies`;

/** A wall clock that a test sets; timers are real. */
export interface SettableClock extends Clock {
  time: number;
}

export function settableClock(time = Date.parse('2026-04-22T10:00:00Z')): SettableClock {
  const clock: SettableClock = { time, now: () => clock.time, after: systemClock.after.bind(systemClock) };
  return clock;
}

export function temporaryDatabase(t: Scope): string {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-control-plane-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'control-plane.db');
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** What lies at a path of members and indices; undefined where there is nothing. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = Object.hasOwn(here, step) ? (here as Readonly<Record<string | number, unknown>>)[step] : undefined;
  }
  return here;
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  if (typeof found !== 'string') throw new TypeError(`no text at ${path.join('.')}: ${JSON.stringify(value)}`);
  return found;
}

export interface Asking {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface RunningServer {
  readonly plane: ControlPlane;
  readonly database: string;
  readonly log: LogEntry[];
  /** A token of an administrator of `acme`. */
  readonly admin: string;
  /** A token of a new machine of `acme`. */
  readonly machine: () => Promise<string>;
  /** `ask('GET /orgs/…')`, as the administrator unless `token` says otherwise (`null` = without a token). */
  readonly ask: (line: string, asking?: Asking) => Promise<Answer>;
}

type Options = Partial<ControlPlaneOptions>;

export async function startServer(t: Scope, options: Options = {}): Promise<RunningServer> {
  const database = options.database ?? temporaryDatabase(t);
  const log: LogEntry[] = [];
  const plane = await startControlPlane({
    port: 0,
    clock: systemClock,
    log: (entry) => void log.push(entry),
    ...options,
    database,
  });
  t.after(() => plane.close());
  const clock = options.clock ?? systemClock;
  const admin = await tokenOf(plane.url, newCredential(database, 'admin', { clock }));
  const machine = (): Promise<string> => tokenOf(plane.url, newCredential(database, 'machine', { clock }));
  const asker = (line: string, asking: Asking = {}): Promise<Answer> =>
    ask(plane.url, line, { token: admin, ...asking });
  return { plane, database, log, admin, machine, ask: asker };
}

export interface Login {
  readonly identifier: string;
  readonly secret: string;
}

let made = 0;

/** The way of an operator: straight into the database, beside the running server. */
export function newCredential(
  path: string,
  kind: CredentialKind,
  { org = ORG, clock = systemClock }: { org?: string; clock?: Clock } = {},
): Login {
  const database = openControlPlaneDatabase(path);
  try {
    made += 1;
    const identifier = `${kind}-${made}`;
    return { identifier, secret: createCredential(database, { org, kind, identifier }, clock).secret };
  } finally {
    database.close();
  }
}

export async function tokenOf(url: string, login: Login): Promise<string> {
  const answer = await ask(url, 'POST /auth/token', { body: login });
  if (answer.status !== 200) throw new Error(`no token: ${answer.status}`);
  return textAt(answer.body, 'access_token');
}

export async function ask(url: string, line: string, asking: Asking = {}): Promise<Answer> {
  const [method = '', path = ''] = line.split(' ');
  const payload = asking.raw ?? (asking.body === undefined ? undefined : JSON.stringify(asking.body));
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(payload === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(typeof asking.token === 'string' ? { Authorization: `Bearer ${asking.token}` } : {}),
      ...asking.headers,
    },
    ...(payload === undefined ? {} : { body: payload }),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

export async function newPolicy(server: RunningServer, name = 'egress'): Promise<string> {
  const answer = await server.ask(`POST ${POLICIES}`, { body: { name } });
  if (answer.status !== 201) throw new Error(`no policy: ${JSON.stringify(answer.body)}`);
  return textAt(answer.body, 'id');
}

export const NETWORK_RULE = {
  name: 'allow research mirrors',
  decision: 'allow',
  actions: ['connect:tcp', 'connect:udp'],
  resources: ['research.mitre.org', 'cve.mitre.org'],
} as const;

export const FILESYSTEM_RULE = {
  name: 'allow data directory',
  decision: 'allow',
  actions: ['read', 'write'],
  resources: ['/data'],
} as const;

export async function newRule(server: RunningServer, policy: string, rule: unknown = NETWORK_RULE): Promise<string> {
  const answer = await server.ask(`POST ${POLICIES}/${policy}/rules`, { body: rule });
  if (answer.status !== 201) throw new Error(`no rule: ${JSON.stringify(answer.body)}`);
  return textAt(answer.body, 'id');
}
