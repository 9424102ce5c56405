import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyLog } from '../audit/verify-log.ts';
import { messageOf } from '../base/coded-error.ts';
import { callHttp } from '../client/http-call.ts';
import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { openLogToRead } from '../store/log-store.ts';
import { checkDaemon } from './daemon-status.ts';
import { examined, type Finding, found, skipped, type Verdict } from './finding.ts';
import { doctorHost, type Subject } from './subject.ts';

const TIMEOUT_MS = 5_000;
/** Writing waits for a batch, and a busy disk for longer. */
const PATIENCE_MS = 10_000;
const ASK_EVERY_MS = 50;
/** A larger log takes its own command, and its own time. */
const MOST_BYTES = 256 * 1024 ** 2;

/** Whether the decisions of this run appear in the log, and whether its chain holds. */
export async function checkLog(subject: Subject, status: RuleFields): Promise<Verdict> {
  if (!isObject(status['decision_log'])) return examined('no decisions are kept (`decision_log.enabled`)');
  if (subject.admin.kind === 'refused') return skipped(subject.admin.message);
  const reading = await untilWritten(subject, subject.admin.path);
  if (reading.kind === 'closed') return skipped('the admin socket is for root and the daemon’s own user: use sudo');
  // what is wrong shows once something was to be written
  const now = (await checkDaemon(subject)).status ?? status;
  const kept = isObject(now['decision_log']) ? now['decision_log'] : {};
  const chain = reading.kind === 'written' ? chainFindings(reading.file) : { findings: [], says: '' };
  const findings = [...stateFindings(kept, reading.kind === 'written'), ...readingFindings(reading), ...chain.findings];
  return examined(`a decision was written and read back${chain.says}`, findings);
}

type LogReading =
  | { readonly kind: 'written'; readonly file: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'closed' };

async function untilWritten(subject: Subject, socketPath: string): Promise<LogReading> {
  const end = performance.now() + PATIENCE_MS;
  const call = { socketPath, method: 'GET', path: '/v1/log', timeoutMs: TIMEOUT_MS } as const;
  for (;;) {
    const outcome = await callHttp({ ...call, body: { host: doctorHost(subject), limit: 1 } });
    if (outcome.kind === 'unavailable') {
      return outcome.message.includes('(EACCES)') ? { kind: 'closed' } : { kind: 'failed', message: outcome.message };
    }
    if (outcome.status === 403) return { kind: 'closed' };
    const { body } = outcome;
    if (outcome.status !== 200 || !isObject(body)) return { kind: 'failed', message: messageIn(body, outcome.status) };
    if (Array.isArray(body['records']) && body['records'].length > 0)
      return { kind: 'written', file: String(body['file']) };
    if (performance.now() > end) return { kind: 'missing' };
    await sleep(ASK_EVERY_MS);
  }
}

function messageIn(body: unknown, status: number): string {
  const error = isObject(body) && isObject(body['error']) ? body['error']['message'] : undefined;
  return typeof error === 'string' ? error : `HTTP status ${status}`;
}

/** A trouble that is over has left its mark in the counts, and the daemon remembers the last one. */
function stateFindings({ last_error: trouble, dropped, lost }: RuleFields, works: boolean): readonly Finding[] {
  const missed = [dropped, lost].reduce<number>((sum, count) => sum + (typeof count === 'number' ? count : 0), 0);
  return [
    ...(typeof trouble === 'string' ? [found(works ? 'log_was_troubled' : 'log_troubled', trouble)] : []),
    ...(missed > 0 ? [found('log_lossy', `${missed} decisions since the start are not in the log`)] : []),
  ];
}

function readingFindings(reading: LogReading): readonly Finding[] {
  if (reading.kind === 'failed') return [found('log_unreadable', reading.message)];
  if (reading.kind !== 'missing') return [];
  return [found('log_not_written', `a decision that was just made is not in the log after ${PATIENCE_MS / 1_000} s`)];
}

function chainFindings(file: string): { readonly findings: readonly Finding[]; readonly says: string } {
  try {
    if (statSync(file).size > MOST_BYTES) return { findings: [], says: '; see its chain with `reeve log verify`' };
    const database = openLogToRead(file);
    try {
      const verdict = verifyLog(database);
      if (verdict.kind === 'broken')
        return { findings: [found('log_broken', `${verdict.message} (\`${file}\`)`)], says: '' };
      return { findings: [], says: `; the chain of ${verdict.records} records holds` };
    } finally {
      database.close();
    }
  } catch (error) {
    return { findings: [found('log_unreadable', messageOf(error))], says: '' };
  }
}
