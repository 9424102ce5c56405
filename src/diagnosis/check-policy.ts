import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import { examined, type Finding, found, skipped, type Verdict } from './finding.ts';
import type { Rehearsal } from './rehearse.ts';

/** Warnings of the daemon that another check finds by itself, with more to say. */
const ELSEWHERE: ReadonlySet<string> = new Set(['policy_aging', 'decision_log', 'local_files', 'peer_credentials']);

const DAY_MS = 86_400_000;
/** Sooner than somebody who has to gather signatures can be back from a holiday. */
const ROOT_DAYS = 30;
const BUNDLE_DAYS = 7;

export interface PolicyInputs {
  /** Null = no daemon answers. */
  readonly status: RuleFields | null;
  readonly rehearsal: Rehearsal | null;
  readonly now: number;
}

/** What the daemon says of the policy that it enforces, and what the next one would say. */
export function checkPolicy({ status, rehearsal, now }: PolicyInputs): Verdict {
  if (status === null && rehearsal === null) return skipped('no daemon answers, and the state cannot be read');
  const live = status === null ? [] : liveFindings(status, now);
  const revision = status === null ? 'no daemon answers, and none' : `revision ${String(status['revision'])}`;
  return examined(`${revision} is in force`, [...live, ...closureFindings(status, rehearsal)]);
}

function liveFindings(status: RuleFields, now: number): readonly Finding[] {
  return [
    ...stalenessFindings(status['staleness']),
    ...expiryFindings(status, now),
    ...warningFindings(status['warnings']),
  ];
}

function stalenessFindings(staleness: unknown): readonly Finding[] {
  if (!isObject(staleness)) return [];
  const { state, age_seconds: age } = staleness;
  if (state === 'fresh') return [];
  const when = typeof age === 'number' ? `${Math.floor(age / 3_600)} hours ago` : 'nobody knows when';
  const cause = { cause: String(state) };
  return [found(state === 'warn' ? 'policy_aging' : 'policy_stale', `it was confirmed ${when}`, cause)];
}

function expiryFindings({ bundle, source }: RuleFields, now: number): readonly Finding[] {
  const details = isObject(source) && isObject(source['details']) ? source['details'] : {};
  const ends: readonly (readonly [string, unknown, number])[] = [
    ['the bundle', isObject(bundle) ? bundle['expires_at'] : null, BUNDLE_DAYS],
    ['the root of the repository', details['root_expires'], ROOT_DAYS],
  ];
  return ends.flatMap(([what, at, days]) => {
    const end = typeof at === 'string' ? Date.parse(at) : Number.NaN;
    // what has ended already is a fault, and others find it
    if (Number.isNaN(end) || end <= now || end - now > days * DAY_MS) return [];
    return [found('policy_expiring', `${what} ends at ${String(at)}`)];
  });
}

function warningFindings(warnings: unknown): readonly Finding[] {
  if (!Array.isArray(warnings)) return [];
  return warnings.filter(isObject).flatMap(({ code, message, severity, remedy }) => {
    if (typeof code !== 'string' || ELSEWHERE.has(code)) return [];
    const options = { cause: code, ...(typeof remedy === 'string' ? { mend: remedy } : {}) };
    return [found(severity === 'fault' ? 'daemon_fault' : 'daemon_warning', String(message), options)];
  });
}

/** Closures of a start with this configuration, but for those that the running daemon has too: asking it finds these. */
function closureFindings(status: RuleFields | null, rehearsal: Rehearsal | null): readonly Finding[] {
  if (rehearsal?.kind !== 'ran') return [];
  const closures = (rehearsal.served ?? rehearsal.restored)?.closures ?? [];
  const live = new Set(closedNow(status));
  const reasons = new Map(
    closures.filter(({ code, uid }) => uid === null && !live.has(code)).map(({ code, reason }) => [code, reason]),
  );
  return [...reasons].map(([code, reason]) => found('would_close', reason, { cause: code }));
}

function closedNow(status: RuleFields | null): readonly unknown[] {
  const domains = status?.['domains'];
  if (!isObject(domains)) return [];
  return Object.values(domains).flatMap((domain) =>
    isObject(domain) && isObject(domain['closed']) ? [domain['closed']['code']] : [],
  );
}
