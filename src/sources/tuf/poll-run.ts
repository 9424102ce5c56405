import type { Clock } from '../../base/clock.ts';
import type { Downloader } from '../../http/download.ts';
import { OutboundError } from '../../http/outbound-error.ts';
import { DEFAULT_BUNDLE_INTERVAL_MS, SYNC_DEADLINE_MS } from '../../schema/limits.ts';
import { RevokedKeyError, TufError, type TufErrorCode } from '../../tuf/tuf-error.ts';
import type { SourceRun } from '../polled-source.ts';
import type { SourceOutcome } from '../source.ts';
import { failureOf, type Stage } from '../source-failure.ts';
import type { TufConfig } from './config.ts';
import { type PollMemory, type PollOptions, poll } from './poll.ts';
import { openRepository } from './repository.ts';
import { verifyActive } from './verify-stored.ts';

export interface PollRunOptions extends PollOptions {
  readonly config: TufConfig;
  readonly clock: Clock;
  /** What serves rests on a key that was revoked, and nothing newer could be had: it has to stop. */
  readonly onRevoked: () => Promise<unknown>;
}

/** Once in a while the server does not get to say that nothing has changed (tuf, 5.10). */
const UNCONDITIONAL_EVERY_MS = 3_600_000;
/** As long as an idle connection is kept at the most. */
const MAX_KEEP_ALIVE_MS = 600_000;

/** Polls, one after the other: the connection between two of them, and their failures as data. */
export function createPollRun(options: PollRunOptions, memory: PollMemory): Pick<SourceRun, 'run' | 'close'> {
  const { clock, config } = options;
  const connection = createConnection(options);
  let askedFullyAt = Number.NEGATIVE_INFINITY;
  return {
    run: async (cause, closing) => {
      const now = clock.now();
      try {
        // opened here, not at start: a CA file that is missing for a moment must not keep the daemon down
        const downloader = await connection.open();
        const signal = AbortSignal.any([closing, AbortSignal.timeout(SYNC_DEADLINE_MS)]);
        const repository = openRepository({ downloader, signal, deadlineMs: config.deadlineMs });
        // a person who asks does not want to hear of a cache
        const unconditional = cause === 'sync' || Math.abs(now - askedFullyAt) >= UNCONDITIONAL_EVERY_MS;
        const outcome = await poll(options, { repository, now, unconditional, memory });
        if (outcome.kind === 'failed') return (await stopRevoked(options)) ?? outcome;
        if (unconditional) askedFullyAt = now;
        return outcome;
      } catch (error) {
        return (await stopRevoked(options)) ?? failed(error);
      }
    },
    close: connection.close,
  };
}

interface Connection {
  readonly open: () => Promise<Downloader>;
  readonly close: () => Promise<void>;
}

/** One connection from one poll to the next. */
function createConnection({ config, clock }: PollRunOptions): Connection {
  const { baseUrl, proxy, caFile, intervalMs = DEFAULT_BUNDLE_INTERVAL_MS } = config;
  const keepAliveMs = Math.min(intervalMs * 2, MAX_KEEP_ALIVE_MS);
  let downloader: Downloader | null = null;
  let usedAt = 0;
  const close = async (): Promise<void> => {
    const open = downloader;
    downloader = null;
    await open?.close();
  };
  return {
    async open() {
      const now = clock.now();
      // a machine that slept: its connection is dead without knowing it, and would cost a deadline
      if (Math.abs(now - usedAt) > keepAliveMs) await close();
      usedAt = now;
      // no stored policy waits for an HTTP client
      const { openDownloader } = await import('../../http/download.ts');
      downloader ??= openDownloader({
        ...{ baseUrl, keepAliveMs, now: () => clock.now() },
        ...(proxy === undefined ? {} : { proxy }),
        ...(caFile === undefined ? {} : { caFile }),
      });
      return downloader;
    },
    close,
  };
}

/** A root that revokes keys may come alone: whoever stole one may keep the rest back (tuf, 8). */
async function stopRevoked(options: PollRunOptions): Promise<SourceOutcome | null> {
  if (options.serving() === null) return null;
  try {
    verifyActive({ ...options, store: options.tufStore });
  } catch (error) {
    if (!(error instanceof RevokedKeyError)) return null;
    await options.onRevoked();
    return failed(error);
  }
  return null;
}

const FETCHING: ReadonlySet<TufErrorCode> = new Set(['network', 'http_status', 'too_large', 'deadline', 'absent']);

function failed(error: unknown): SourceOutcome {
  const failure = failureOf(error, stageOf(error));
  const cause = error instanceof TufError ? error.cause : null;
  const retryAfterMs = cause instanceof OutboundError ? cause.retryAfterMs : failure.retryAfterMs;
  return { kind: 'failed', failure: { ...failure, retryAfterMs }, retryAfterMs };
}

function stageOf(error: unknown): Stage {
  if (!(error instanceof TufError)) return 'verify';
  if (error.code === 'store') return 'store';
  return FETCHING.has(error.code) ? 'fetch' : 'verify';
}
