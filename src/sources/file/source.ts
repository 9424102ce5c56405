import { DEFAULT_BUNDLE_INTERVAL_MS } from '../../schema/limits.ts';
import { createPolledSource, type SourceContext } from '../polled-source.ts';
import type { PolicySource } from '../source.ts';
import type { FileConfig } from './config.ts';
import { FileRun } from './file-run.ts';
import { FileWatch } from './file-watch.ts';

export interface FileSourceOptions extends SourceContext {
  readonly config: FileConfig;
  /** Of this program. */
  readonly version: string;
}

/** Nobody is asked but this machine's own disk. */
const LEAST_INTERVAL_MS = 1_000;

/** Source `file` (delivery, Sources 3). Throws a `SourceError` for keys that cannot be used; does no I/O before `start`. */
export function createFileSource(options: FileSourceOptions): PolicySource {
  const { config, clock } = options;
  const run = new FileRun(options);
  let watch: FileWatch | null = null;
  const source = createPolledSource(
    {
      type: 'file',
      interval: {
        configuredMs: config.intervalMs,
        defaultMs: DEFAULT_BUNDLE_INTERVAL_MS,
        leastMs: LEAST_INTERVAL_MS,
      },
      run: async () => {
        await watch?.beforeReading();
        return run.once();
      },
      warnings: () => [],
      details: () => run.details(),
      close: () => watch?.close(),
    },
    options,
  );
  return {
    ...source,
    start() {
      watch ??= new FileWatch({ clock, path: config.path, poll: () => source.sync() });
      source.start();
    },
  };
}
