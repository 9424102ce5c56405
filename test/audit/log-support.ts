import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type DecisionLog, type DecisionLogOptions, startDecisionLog } from '../../src/audit/decision-log.ts';
import { type LogQuery, readLogQuery } from '../../src/audit/log-query.ts';
import { type LogVerdict, verifyLog } from '../../src/audit/verify-log.ts';
import { openLogToRead } from '../../src/store/log-store.ts';

export type LogRecord = Readonly<Record<string, unknown>>;

export const PEER = { uid: 1000, gid: 100, pid: 4242 };

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-log-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function openLog(t: TestContext, path: string, options: Partial<DecisionLogOptions> = {}): DecisionLog {
  const log = startDecisionLog({ path, batchMs: 5, ...options });
  t.after(() => log.close());
  return log;
}

/** An answer as it leaves the daemon, as JSON. */
export function answerText(host: string, more: LogRecord = {}): string {
  return JSON.stringify({
    decision: 'allow',
    kind: 'explicit',
    code: 'org_allow',
    reason: `connect:tcp to ${host}:443 is allowed by \`*.example\` (organisation policy “Egress”, rule “all”)`,
    rule: { id: 'rule_a', name: 'all', policy: 'pol_a', origin: 'org', resource: '*.example' },
    revision: 'sha256:abc',
    generation: 3,
    request: { action: 'connect:tcp', host, port: 443 },
    ip_checked: false,
    ttl_ms: 5000,
    ...more,
  });
}

export const denialText = (host: string): string => answerText(host, { decision: 'deny', code: 'org_deny' });

export function queryOf(value: LogRecord): LogQuery {
  const reading = readLogQuery(value);
  assert.ok(reading.kind === 'query', JSON.stringify(reading));
  return reading.query;
}

export interface Found {
  readonly records: readonly LogRecord[];
  readonly next: string | null;
  readonly last: number;
  readonly head: { readonly id: number; readonly hash: string };
  readonly file: string;
}

export function foundIn(answer: Awaited<ReturnType<DecisionLog['query']>>): Found {
  assert.ok(answer.kind === 'records', JSON.stringify(answer));
  return JSON.parse(answer.json) as Found;
}

export async function find(log: DecisionLog, value: LogRecord = {}): Promise<Found> {
  return foundIn(await log.query(queryOf(value)));
}

export function hostsOf(records: readonly LogRecord[]): unknown[] {
  return records.filter(({ type }) => type === 'decision').map(({ request }) => (request as LogRecord)['host']);
}

export function verdictOn(path: string, step?: number): LogVerdict {
  const database = openLogToRead(path);
  try {
    return verifyLog(database, step);
  } finally {
    database.close();
  }
}

/** Waits for something that another thread does. */
export async function until(condition: () => boolean, ms = 5_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    assert.ok(performance.now() < end, 'it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
