import type { TurnProgress } from '../../localapi/turns.ts';
import { createDecisionPoint, type DecisionPoint, readAsked } from '../../pdp/decision-point.ts';
import type { SnapshotHolder } from '../../pdp/snapshot-holder.ts';
import type { Part } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { ServiceNotifier } from './service-notify.ts';

export type Pulse =
  | { readonly kind: 'beats' }
  /** Whoever asks now would wait for nothing. */
  | { readonly kind: 'stalled'; readonly why: string };

/** What has to get on for callers to be answered. */
export interface AnsweringLoop {
  /** Makes one decision here and now; whether it is one. */
  readonly decides: () => boolean;
  readonly turns: () => TurnProgress;
  /** How long the decision that waits longest has been waiting. */
  readonly longestWaitMs: () => number;
}

/** Every decision has a deadline of 250 ms (api): one that is this late will not come any more. */
const OVERDUE_MS = 10_000;

/**
 * Whether answering gets on: a decision is made, callers that waited at the last look have been given turns since, and
 * no decision has been forgotten. How long callers wait is none of its business: whoever floods the sockets must not be
 * able to have the daemon restarted.
 */
export class Heartbeat {
  readonly #loop: AnsweringLoop;
  #before: TurnProgress = { given: 0, waiting: 0 };

  constructor(loop: AnsweringLoop) {
    this.#loop = loop;
  }

  look(): Pulse {
    const { decides, turns, longestWaitMs } = this.#loop;
    const before = this.#before;
    const now = turns();
    this.#before = now;
    if (!decides()) return { kind: 'stalled', why: 'no decision can be made' };
    if (before.waiting > 0 && now.waiting > 0 && before.given === now.given) {
      return { kind: 'stalled', why: `${now.waiting} callers wait, and none of them gets a turn` };
    }
    if (longestWaitMs() > OVERDUE_MS) return { kind: 'stalled', why: 'a decision that was asked for does not come' };
    return { kind: 'beats' };
  }
}

/** Any question will do; the answer is for nobody, and is neither kept nor counted. */
const QUESTION = { action: 'connect:tcp', host: 'localhost', port: 443 };
const NOBODY = { uid: null, gid: null, pid: null };

/** Decides as for a caller, by the snapshot that serves. */
export function decidesBy(holder: Pick<SnapshotHolder, 'current'>): () => boolean {
  const nothing = { kind: 'unresolvable', reason: 'nobody asks for a path' } as const;
  const point = createDecisionPoint({
    holder,
    resolve: () => nothing,
    homeKnown: () => true,
    findHome: () => Promise.resolve(),
  });
  const asked = readAsked(QUESTION);
  return () => {
    // without a usable policy every caller is told so, and status, sync and reset work: a restart would bring it none
    if (holder.current() === null) return true;
    const told = asked.kind === 'request' ? point.tell(asked, NOBODY, 0) : null;
    return typeof told === 'string' && told.includes('"decision":"');
  };
}

export interface WatchedDecisions {
  readonly point: DecisionPoint;
  readonly longestWaitMs: () => number;
}

/** The same decision point; what it does not answer at once is remembered until it does. */
export function watchDecisions(point: DecisionPoint): WatchedDecisions {
  const waiting = new Map<Promise<unknown>, number>();
  const watch = <T>(told: T): T => {
    if (!(told instanceof Promise)) return told;
    waiting.set(told, performance.now());
    const settled = (): void => void waiting.delete(told);
    told.then(settled, settled);
    return told;
  };
  return {
    point: {
      tell: (asked, peer, withinMs) => watch(point.tell(asked, peer, withinMs)),
      tellMany(items, peer, deadline, stop) {
        const work = point.tellMany(items, peer, deadline, stop);
        return { advance: (until) => watch(work.advance(until)) };
      },
      explain: (value, peer, full) => point.explain(value, peer, full),
    },
    longestWaitMs: () => {
      // a map keeps the order in which they came
      const [since = performance.now()] = waiting.values();
      return performance.now() - since;
    },
  };
}

/** Looks three times for each time that the service manager wants to hear of it. */
const LOOKS = 3;

/** Feeds the watchdog, if there is one, for as long as answering gets on; the event loop itself is what runs this. */
export function startHeartbeat(heartbeat: Heartbeat, notifier: ServiceNotifier, log: Pick<Logger, 'error'>): Part {
  const first = heartbeat.look();
  if (first.kind === 'stalled') throw new Error(`the daemon has started and does not answer: ${first.why}`);
  if (notifier.watchdogMs === null) return { close: () => undefined };
  const timer = setInterval(() => {
    const pulse = heartbeat.look();
    if (pulse.kind === 'beats') notifier.alive();
    else log.error({ why: pulse.why }, 'answering does not get on; the service manager is not told to wait');
  }, notifier.watchdogMs / LOOKS);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
