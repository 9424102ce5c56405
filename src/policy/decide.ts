import type { Domain } from './action.ts';
import { ALLOW_CODE, allowed, denied, invalidRequest } from './answer.ts';
import { allowedText, deniedText } from './answer-text.ts';
import type { Answer, DecisionCode } from './decision.ts';
import { judgeFilesystem } from './judge-filesystem.ts';
import { judgeNetwork } from './judge-network.ts';
import type { FilesystemRequest, NetworkRequest, Request } from './request.ts';
import type { Snapshot } from './snapshot.ts';
import { type Asker, type Cause, firstCause, type Match, mayAsk, type Verdict } from './verdict.ts';

/** What is told of each decision that becomes text, for whoever counts; plain arguments, so that telling allocates nothing. */
export interface DecisionObserver {
  decided(kind: Request['kind'], code: DecisionCode, match: Match | null, wouldDeny: boolean): void;
}

/**
 * The one evaluator: every surface answers with it. Pure and synchronous; `snapshot` is the only policy it knows,
 * and a filesystem request has been resolved before.
 */
export function decide(snapshot: Snapshot, request: Request, asker: Asker): Answer {
  if (request.kind === 'invalid') return invalidRequest(snapshot, request.reason);
  if (!mayAsk(request, asker)) {
    return invalidRequest(snapshot, 'only root may ask with a `uid` that is not its own');
  }
  return answerOf(snapshot, request, judge(snapshot, request, asker));
}

/** The same answer as JSON: `JSON.stringify` of it, made faster. */
export function decideText(snapshot: Snapshot, request: Request, asker: Asker, observer?: DecisionObserver): string {
  if (request.kind === 'invalid' || !mayAsk(request, asker)) {
    observer?.decided(request.kind, 'invalid_request', null, false);
    return JSON.stringify(decide(snapshot, request, asker));
  }
  const verdict = judge(snapshot, request, asker);
  if (observer !== undefined) tellOf(snapshot, request.kind, verdict, observer);
  return quickText(snapshot, request, verdict) ?? JSON.stringify(answerOf(snapshot, request, verdict));
}

function tellOf(snapshot: Snapshot, domain: Domain, { grant, causes }: Verdict, observer: DecisionObserver): void {
  if (grant !== null && causes.length === 0) {
    observer.decided(domain, ALLOW_CODE[grant.layer.origin], grant, false);
    return;
  }
  const { code, match } = firstCause(causes) ?? NO_VERDICT;
  observer.decided(domain, code, match, isMonitored(snapshot, domain, causes));
}

function quickText(
  snapshot: Snapshot,
  request: NetworkRequest | FilesystemRequest,
  { grant, causes }: Verdict,
): string | null {
  if (grant !== null && causes.length === 0) return allowedText(snapshot, request, grant);
  const cause = firstCause(causes);
  if (cause === undefined || snapshot.policy.domains[request.kind].monitored) return null;
  return deniedText(snapshot, request, cause);
}

function judge(snapshot: Snapshot, request: NetworkRequest | FilesystemRequest, asker: Asker): Verdict {
  return request.kind === 'network'
    ? judgeNetwork(snapshot.policy, request, asker)
    : judgeFilesystem(snapshot.policy, request, asker);
}

function answerOf(snapshot: Snapshot, request: NetworkRequest | FilesystemRequest, verdict: Verdict): Answer {
  const { grant, causes } = verdict;
  if (grant !== null && causes.length === 0) return allowed(snapshot, request, grant);
  const cause = firstCause(causes) ?? NO_VERDICT;
  return denied(snapshot, request, { cause, wouldDeny: isMonitored(snapshot, request.kind, causes) });
}

/** Neither grant nor cause: that cannot be; if it were, it is not an allow. */
const NO_VERDICT: Cause = {
  code: 'internal',
  reason: 'the evaluator reached no verdict: please report this',
  match: null,
};

/** Monitor mode lets pass only what nothing but the org's own rules stands against (semantics, 5). */
function isMonitored(snapshot: Snapshot, domain: Domain, causes: readonly Cause[]): boolean {
  const { monitored } = snapshot.policy.domains[domain];
  return monitored && causes.length > 0 && causes.every(({ code }) => code === 'org_deny' || code === 'default_deny');
}
