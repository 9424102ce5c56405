import { randomBytes } from 'node:crypto';
import { messageOf } from '../base/coded-error.ts';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { CHECKS, type CheckName } from './catalogue-entry.ts';
import { checkClock } from './check-clock.ts';
import { checkConfiguration } from './check-configuration.ts';
import { checkDecisions } from './check-decisions.ts';
import { checkLocalFiles } from './check-local-files.ts';
import { checkLog } from './check-log.ts';
import { checkPolicy } from './check-policy.ts';
import { checkService } from './check-service.ts';
import { checkSockets } from './check-sockets.ts';
import { checkSource } from './check-source.ts';
import { checkState } from './check-state.ts';
import { checkClients } from './clients/check-clients.ts';
import { stateAccess } from './copy-state.ts';
import { checkDaemon } from './daemon-status.ts';
import { examined, type Finding, found, skipped, type Verdict } from './finding.ts';
import { type Rehearsal, rehearse } from './rehearse.ts';
import { type DoctorOptions, type Subject, subjectOf } from './subject.ts';

/** A check and what it came to. */
export interface CheckReport {
  readonly check: CheckName;
  readonly state: 'ok' | 'warning' | 'fault' | 'skipped';
  /** What is in order; why it was not looked at. */
  readonly says: string;
  readonly findings: readonly Finding[];
}

export interface DoctorReport {
  /** No fault was found in anything that could be looked at. */
  readonly healthy: boolean;
  /** Everything could be looked at. */
  readonly complete: boolean;
  readonly version: string;
  readonly node: string;
  readonly config: string | null;
  readonly checks: readonly CheckReport[];
}

/** Longer than a daemon may take for a sync; nothing else takes so long. */
const DEADLINE_MS = 300_000;

/** Looks at everything, in the order of the catalogue. Never rejects: what breaks off is a finding. */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  const { verdict, config } = checkConfiguration(options);
  const subject = subjectOf(options, config, randomBytes(8).toString('hex'));
  const rehearsing = await rehearsalOf(options, config, !options.offline);
  const rehearsal = rehearsing.rehearsal;
  // first of all: what it brings is what everything else looks at
  const source = await guarded('source', async () =>
    checkSource(subject, {
      ...{ rehearsal, answers: (await checkDaemon(subject)).status !== null },
      again: async () => (await rehearsalOf(options, config, true)).rehearsal,
    }),
  );
  const daemon = await guardedDaemon(subject);
  const { status, reachable } = daemon;
  const awake =
    (check: (status: RuleFields) => Verdict | Promise<Verdict>): (() => Verdict | Promise<Verdict>) =>
    () =>
      status === null || !reachable ? skipped('no daemon answers at the decide socket') : check(status);
  const checks: Readonly<Record<CheckName, () => Verdict | Promise<Verdict>>> = {
    configuration: () => verdict,
    state: () => rehearsing.failure ?? checkState(config, rehearsal),
    sockets: () => checkSockets(subject),
    service: () => checkService({ look: options.service, configFile: options.configFile, answers: status !== null }),
    daemon: () => daemon.verdict,
    decisions: awake(() => checkDecisions(subject)),
    policy: () => checkPolicy({ status, rehearsal, now: options.now() }),
    'local files': () => localFiles(status, rehearsal),
    source: () => source,
    log: awake((said) => checkLog(subject, said)),
    clock: () => checkClock(config, rehearsal, options.now()),
    clients: () => checkClients(options.places),
  };
  const reports: CheckReport[] = [];
  for (const check of CHECKS) reports.push(reportOf(check, await guarded(check, checks[check])));
  return {
    healthy: reports.every(({ state }) => state !== 'fault'),
    complete: reports.every(({ state }) => state !== 'skipped'),
    version: options.version,
    node: process.versions.node,
    config: options.configFile,
    checks: reports,
  };
}

interface Rehearsing {
  readonly rehearsal: Rehearsal | null;
  readonly failure: Verdict | null;
}

/** Null where the state cannot be read: then `state` says so. */
async function rehearsalOf(
  { now, beforeEnd }: DoctorOptions,
  config: DaemonConfig | null,
  fetching: boolean,
): Promise<Rehearsing> {
  if (config === null || stateAccess(config.stateDirectory) === 'closed') return { rehearsal: null, failure: null };
  let rehearsal: Rehearsal | null = null;
  const failure = await guarded('state', async () => {
    rehearsal = await rehearse(config, { fetching, now, beforeEnd });
    return examined('');
  });
  return { rehearsal, failure: failure.kind === 'examined' && failure.findings.length > 0 ? failure : null };
}

async function guardedDaemon(subject: Subject): Promise<Awaited<ReturnType<typeof checkDaemon>>> {
  let [status, reachable]: [RuleFields | null, boolean] = [null, false];
  const verdict = await guarded('daemon', async () => {
    const reading = await checkDaemon(subject);
    ({ status, reachable } = reading);
    return reading.verdict;
  });
  return { verdict, status, reachable };
}

function localFiles(status: RuleFields | null, rehearsal: Rehearsal | null): Verdict {
  const facts = rehearsal?.kind === 'ran' ? rehearsal.facts : null;
  if (status === null && facts === null) return skipped('no daemon answers, and the state cannot be read');
  return checkLocalFiles(
    status?.['local_files'] ?? facts?.localFiles,
    warningsOf(status) ?? facts?.localWarnings ?? [],
  );
}

function warningsOf(status: RuleFields | null): readonly string[] | null {
  const warnings = status?.['warnings'];
  if (!Array.isArray(warnings)) return null;
  return warnings.filter(isObject).flatMap(({ code, message }) => (code === 'local_files' ? [String(message)] : []));
}

async function guarded(check: CheckName, work: () => Verdict | Promise<Verdict>): Promise<Verdict> {
  const patience = new AbortController();
  const late = new Promise<Verdict>((resolve) => {
    const timer = setTimeout(
      () => resolve(examined('', [found('check_hung', `after ${DEADLINE_MS / 1_000} s`, { check })])),
      DEADLINE_MS,
    );
    patience.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    return await Promise.race([late, Promise.resolve().then(work)]);
  } catch (error) {
    return examined('', [found('check_failed', messageOf(error), { check })]);
  } finally {
    patience.abort();
  }
}

function reportOf(check: CheckName, verdict: Verdict): CheckReport {
  if (verdict.kind === 'skipped') return { check, state: 'skipped', says: verdict.why, findings: [] };
  const { says, findings } = verdict;
  const worst = findings.some(({ severity }) => severity === 'fault') ? 'fault' : 'warning';
  return { check, state: findings.length === 0 ? 'ok' : worst, says, findings };
}
