import { callHttp } from '../client/http-call.ts';
import type { SupplyFacts } from '../daemon/policy/policy-messages.ts';
import type { SyncOutcome } from '../localapi/daemon-port.ts';
import { isObject } from '../policy/rule-shape.ts';
import type { FindingCode } from './catalogue.ts';
import { examined, type Finding, found, skipped, type Verdict } from './finding.ts';
import type { Rehearsal } from './rehearse.ts';
import { sourceMend } from './source-mends.ts';
import type { Subject } from './subject.ts';

/** Longer than a sync may take (delivery, "What always holds"). */
const TIMEOUT_MS = 250_000;

const CODES: Readonly<Record<string, FindingCode>> = {
  fetch: 'source_fetch',
  verify: 'source_verify',
  store: 'source_store',
  compile: 'source_compile',
  activate: 'source_activate',
};

/** How one sync went: the daemon's, or the one that was rehearsed. */
type Sync =
  | { readonly kind: 'live'; readonly revision: string }
  | { readonly kind: 'failed'; readonly finding: Finding }
  /** Nobody could be asked. */
  | { readonly kind: 'unknown'; readonly why: string };

export interface SourceInputs {
  /** Null = the state cannot be read. */
  readonly rehearsal: Rehearsal | null;
  /** Whether a daemon answers. */
  readonly answers: boolean;
  /** Once more, where the first one does not agree with the daemon. */
  readonly again: () => Promise<Rehearsal | null>;
}

/** Whether a policy arrives: with the real credentials, by the daemon and in its place, from fetch to compile. */
export async function checkSource(subject: Subject, { rehearsal, answers, again }: SourceInputs): Promise<Verdict> {
  const { config, options } = subject;
  if (config === null) return skipped('without a configuration nobody knows which');
  if (config.source === null) return examined('none is configured: local files and the preset decide');
  if (options.offline) return skipped('nothing was fetched (`--offline`)');
  const tried = rehearsed(rehearsal);
  const daemon = answers ? await syncOfDaemon(subject) : ({ kind: 'unknown', why: 'no daemon answers' } as const);
  if (tried.kind === 'unknown' && daemon.kind === 'unknown') return skipped(daemon.why);
  const failures = [tried, daemon].flatMap((sync) => (sync.kind === 'failed' ? [sync.finding] : []));
  const [first, second] = failures;
  const same = first !== undefined && second !== undefined && first.cause === second.cause;
  const behind = await behindFindings(tried, daemon, again);
  return examined(saysOf(tried, daemon), [...(same ? [first] : failures), ...behind]);
}

function saysOf(tried: Sync, daemon: Sync): string {
  const revision = daemon.kind === 'live' ? daemon.revision : tried.kind === 'live' ? tried.revision : 'none';
  const who = [
    ...(tried.kind === 'live' ? ['by this command'] : []),
    ...(daemon.kind === 'live' ? ['by the daemon'] : []),
  ];
  return `revision ${revision} was fetched and verified ${who.join(' and ')}`;
}

function rehearsed(rehearsal: Rehearsal | null): Sync {
  if (rehearsal?.kind !== 'ran' || rehearsal.sync === null) return { kind: 'unknown', why: 'the state cannot be read' };
  const { sync, facts } = rehearsal;
  return syncOf(sync, facts);
}

function syncOf(sync: SyncOutcome, facts: SupplyFacts | null): Sync {
  switch (sync.kind) {
    case 'live':
      return { kind: 'live', revision: sync.revision };
    case 'retry_after':
      return { kind: 'failed', finding: found('source_resting', sync.message, { cause: 'retry_after' }) };
    case 'failed':
      return failed(facts?.source?.last_error?.stage, sync.code, sync.message);
  }
}

function failed(stage: unknown, cause: string, message: string): Sync {
  const code = CODES[String(stage)] ?? 'source_fetch';
  const mend = sourceMend(cause);
  return { kind: 'failed', finding: found(code, message, { cause, ...(mend === null ? {} : { mend }) }) };
}

/** What the daemon's own network, user and sandbox let it do, which may be less than what this command may. */
async function syncOfDaemon({ admin, decide }: Subject): Promise<Sync> {
  if (admin.kind === 'refused') return { kind: 'unknown', why: admin.message };
  const outcome = await callHttp({ socketPath: admin.path, method: 'POST', path: '/v1/sync', timeoutMs: TIMEOUT_MS });
  const forbidden = outcome.kind === 'unavailable' ? outcome.message.includes('(EACCES)') : outcome.status === 403;
  if (forbidden) return { kind: 'unknown', why: 'the admin socket is for root and the daemon’s own user: use sudo' };
  if (outcome.kind === 'unavailable') return failed('fetch', 'daemon_unavailable', outcome.message);
  const { body, status } = outcome;
  if (status === 200 && isObject(body)) return { kind: 'live', revision: String(body['revision']) };
  const error = isObject(body) && isObject(body['error']) ? body['error'] : {};
  const message = typeof error['message'] === 'string' ? error['message'] : `HTTP status ${status}`;
  if (error['code'] === 'retry_after')
    return { kind: 'failed', finding: found('source_resting', message, { cause: 'retry_after' }) };
  return failed(await stageOf(decide), String(error['code']), message);
}

async function stageOf(decide: Subject['decide']): Promise<unknown> {
  if (decide.kind === 'refused') return null;
  const outcome = await callHttp({ socketPath: decide.path, method: 'GET', path: '/v1/status', timeoutMs: 5_000 });
  const source = outcome.kind === 'response' && isObject(outcome.body) ? outcome.body['source'] : null;
  const error = isObject(source) ? source['last_error'] : null;
  return isObject(error) ? error['stage'] : null;
}

/** Something may have been published between the two: then the second look agrees. */
async function behindFindings(tried: Sync, daemon: Sync, again: SourceInputs['again']): Promise<readonly Finding[]> {
  if (tried.kind !== 'live' || daemon.kind !== 'live' || tried.revision === daemon.revision) return [];
  const second = rehearsed(await again());
  if (second.kind !== 'live' || second.revision === daemon.revision) return [];
  return [found('daemon_behind', `it serves revision ${daemon.revision}, and ${second.revision} is offered`)];
}
