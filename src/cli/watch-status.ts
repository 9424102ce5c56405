import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusReply } from '../client/client.ts';
import { isObject } from '../policy/rule-shape.ts';
import { type Output, printable } from './output.ts';
import { statusLines } from './status-lines.ts';

const PERIOD_MS = 1_000;

export interface StatusWatch {
  readonly output: Output;
  readonly ask: () => Promise<StatusReply>;
  /** Resolves when the watching is to end. */
  readonly stopped: Promise<unknown>;
}

/**
 * Shows the status until it is told to end: drawn anew each second on a terminal, elsewhere once for each change, so that
 * a file or a pipe gets a history. A daemon that does not answer is a state like others.
 */
export async function watchStatus({ output, ask, stopped }: StatusWatch): Promise<void> {
  const end = new AbortController();
  void stopped.then(() => end.abort());
  const goesOn = (): boolean => !end.signal.aborted;
  let shown = '';
  while (goesOn()) {
    const reply = await ask();
    const essence = essenceOf(reply);
    if (goesOn() && (output.redraws || essence !== shown)) show(output, reply);
    shown = essence;
    await sleep(PERIOD_MS, null, { signal: end.signal }).catch(() => null);
  }
}

function show(output: Output, reply: StatusReply): void {
  const value = reply.kind === 'status' ? reply.status : ({ state: 'unavailable', message: reply.message } as const);
  if (output.json) {
    output.result(value, () => []);
    return;
  }
  const now = new Date();
  const head = output.paint(now.toISOString(), 'dim');
  const lines =
    reply.kind === 'status'
      ? statusLines(output, reply.status, now.getTime())
      : [`${output.paint('unavailable', 'red')}: ${printable(reply.message)}`];
  output.refresh([head, ...lines]);
}

/** What is worth another line: not that a second has passed, or that a decision was made. */
function essenceOf(reply: StatusReply): string {
  if (reply.kind === 'unavailable') return reply.message;
  const { staleness, decision_log: log, source } = reply.status;
  return JSON.stringify({
    ...reply.status,
    staleness: isObject(staleness) ? { ...staleness, age_seconds: null } : null,
    decision_log: isObject(log) ? { last_error: log['last_error'] } : null,
    source: isObject(source) ? { ...source, runs: null, next_attempt: null, last_success: null } : null,
  });
}
