import { isLoopbackUrl, readBaseUrl } from '../../http/outbound-url.ts';
import { DEFAULT_BUNDLE_INTERVAL_MS, MIN_INTERVAL_MS } from '../../schema/limits.ts';
import { createPolledSource, type SourceContext } from '../polled-source.ts';
import type { PolicySource } from '../source.ts';
import type { TufConfig } from './config.ts';
import type { PollMemory } from './poll.ts';
import { createPollRun, type PollRunOptions } from './poll-run.ts';
import { createTufReport } from './report.ts';

export interface TufSourceOptions
  extends SourceContext,
    Pick<PollRunOptions, 'tufStore' | 'version' | 'floor' | 'raise' | 'serving' | 'onRevoked'> {
  readonly config: TufConfig;
}

/** Throws an `OutboundError` for a base URL that cannot be used; does no I/O. */
export function createTufSource(options: TufSourceOptions): PolicySource {
  const { config } = options;
  const baseUrl = readBaseUrl(config.baseUrl);
  const pinnedRoot = Buffer.from(config.pinnedRoot, 'utf8');
  const memory: PollMemory = { root: null, update: null, refused: null };
  const { org, target } = config;
  const run = createPollRun({ ...options, org, target, pinnedRoot }, memory);
  const report = createTufReport({ store: options.tufStore, pinnedRoot, target }, memory);
  return createPolledSource(
    {
      type: 'tuf',
      interval: {
        configuredMs: config.intervalMs,
        defaultMs: DEFAULT_BUNDLE_INTERVAL_MS,
        leastMs: isLoopbackUrl(baseUrl) ? 1_000 : MIN_INTERVAL_MS,
      },
      run: run.run,
      warnings: report.warnings,
      details: report.details,
      close: run.close,
    },
    options,
  );
}
