import { existsSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { type RecordedRequest, type RecordedRequests, recordedRequests } from '../audit/recorded-requests.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/coded-error.ts';
import type { DaemonConfig } from '../daemon/config/daemon-config.ts';
import { openPolicyReview, type ReviewedBundle } from '../daemon/policy/policy-review.ts';
import { Homes } from '../host/homes.ts';
import { type AskedBefore, compareDecisions, type DecisionComparison } from '../policy/diff/compare-decisions.ts';
import { readRequest } from '../policy/request.ts';
import type { Database } from '../store/database.ts';
import { openLogToRead } from '../store/log-store.ts';
import { counted } from './ask-daemon.ts';
import { CliError } from './cli-error.ts';
import type { Output } from './output.ts';
import { flipLines } from './show-flips.ts';

/** What the recorded requests say about two bundles. */
export interface DecisionReport extends DecisionComparison {
  readonly since: string;
  /** Decisions that these requests stand for. */
  readonly decisions: number;
  /** Different requests that were decided under both. */
  readonly requests: number;
  readonly unusable: number;
  readonly left_out: number;
  readonly not_kept: number;
}

export interface DecisionReportOptions {
  readonly config: DaemonConfig;
  /** policy.db */
  readonly database: Database;
  readonly before: ReviewedBundle | null;
  readonly after: ReviewedBundle | null;
  readonly since: number;
  readonly limit: number;
}

const NICENESS = 10;

/** Whose homes are looked up; more than a daemon watches. */
const MOST_HOMES = 256;

export async function decisionReport(options: DecisionReportOptions): Promise<DecisionReport> {
  stepBack();
  const { config, database, before, after, since } = options;
  const recorded = recordedIn(join(config.stateDirectory, 'log.db'), options);
  const homes = await homesOf(recorded.requests);
  const review = await openPolicyReview({ config, database, homes });
  try {
    const [old, now] = [await review.compile(before), await review.compile(after)];
    const questions = recorded.requests.flatMap(question);
    return {
      since: new Date(since).toISOString(),
      decisions: recorded.decisions,
      requests: questions.length,
      unusable: recorded.unusable,
      left_out: recorded.leftOut,
      not_kept: recorded.notKept,
      ...compareDecisions(old, now, questions),
    };
  } finally {
    await review.close();
  }
}

/** Where processors are scarce a report waits, and not an answer of the daemon. */
function stepBack(): void {
  try {
    setPriority(NICENESS);
  } catch {
    // a sandbox forbids it: then they share alike
  }
}

const NOTHING_RECORDED: RecordedRequests = { requests: [], decisions: 0, unusable: 0, leftOut: 0, notKept: 0 };

function recordedIn(path: string, { since, limit }: DecisionReportOptions): RecordedRequests {
  // a machine that was never asked has no log
  if (!existsSync(path)) return NOTHING_RECORDED;
  try {
    const log = openLogToRead(path);
    try {
      return recordedRequests(log, { since, limit });
    } finally {
      log.close();
    }
  } catch (error) {
    const hint = '`--no-decisions` compares the rules only';
    throw new CliError('failed', `the decision log cannot be read: ${messageOf(error)}`, hint);
  }
}

/** As the evaluator saw it then: what it reads is canonical, and reads as itself. */
function question({ request, uid, count, lastAt }: RecordedRequest): AskedBefore[] {
  const reading = readRequest(request);
  return reading.kind === 'request' ? [{ request: reading.request, uid, count, lastAt }] : [];
}

/** What `~` means for those who asked, and for the daemon's own user, whom it always knows. */
async function homesOf(requests: readonly RecordedRequest[]): Promise<ReadonlyMap<number, string>> {
  const uids = new Set([process.geteuid?.() ?? 0]);
  for (const { request, uid } of requests) {
    const meant = request['uid'] ?? uid;
    if (typeof meant === 'number' && uids.size < MOST_HOMES) uids.add(meant);
  }
  const homes = new Homes({ clock: systemClock });
  for (const uid of uids) await homes.find(uid);
  return homes.known();
}

export function decisionLines(output: Output, report: DecisionReport): readonly string[] {
  const { flips, same, otherReason, requests, decisions, since } = report;
  const missing = [
    [report.left_out, 'more were left out'],
    [report.unusable, 'cannot be asked again'],
    [report.not_kept, 'are not in the log'],
  ] as const;
  const left = missing.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [
    `${counted(requests, 'request')}, ${counted(decisions, 'decision')} since ${since}${left.length === 0 ? '' : `; ${left.join(', ')}`}`,
    `${same} decided alike${otherReason === 0 ? '' : `, ${otherReason} of them for another reason`}; ${flips.length} otherwise`,
    ...(flips.length === 0 ? [] : flipLines(output, flips)),
  ];
}
