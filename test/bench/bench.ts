import type { LoadJob, LoadResult, LoadRounds } from './load-job.ts';
import { startWorker } from './processes.ts';

/** One run of the bench. */
export interface Bench {
  readonly rounds: number;
  /** Fewer sizes, fewer rows, shorter turns. */
  readonly quick: boolean;
  /** Only what is held against a floor. */
  readonly gate: boolean;
  /** For sockets and states; removed at the end. */
  readonly directory: string;
  /** Tells whoever waits what is being measured. */
  readonly progress: (what: string) => void;
}

/** One client process, which measures and ends. */
export async function runLoad(job: LoadJob): Promise<LoadRounds> {
  const client = startWorker('load-worker.ts');
  try {
    const result = await client.ask<LoadResult>(job);
    if (result.kind === 'failed') throw new Error(result.message);
    return result.rounds;
  } finally {
    await client.stop();
  }
}
