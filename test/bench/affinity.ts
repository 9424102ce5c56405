import { availableParallelism } from 'node:os';

/** Where the main threads of processes may run. */
export interface Affinity {
  /** This process and those: on one core, the last one. */
  readonly together: (pids: readonly number[]) => void;
  /** The same, wherever the scheduler likes. */
  readonly anywhere: (pids: readonly number[]) => void;
}

const MASK_BYTES = 128;

/**
 * A round trip takes twice as long when its two ends sit on two cores, and the scheduler changes its mind about that
 * from one minute to the next. On one core it is what both ends cost, and nothing else. Linux only; elsewhere nothing
 * happens and figures spread more.
 */
export async function affinity(): Promise<Affinity> {
  if (process.platform !== 'linux') return { together: () => undefined, anywhere: () => undefined };
  const { default: koffi } = await import('koffi');
  const set = koffi.load(null).func('int sched_setaffinity(int pid, size_t length, void *mask)') as (
    pid: number,
    length: number,
    mask: Uint8Array,
  ) => number;
  const apply = (pids: readonly number[], cores: readonly number[]): void => {
    const mask = new Uint8Array(MASK_BYTES);
    for (const core of cores) mask[core >> 3] = (mask[core >> 3] ?? 0) | (1 << (core & 7));
    for (const pid of [0, ...pids]) set(pid, mask.length, mask);
  };
  const all = Array.from({ length: availableParallelism() }, (_, core) => core);
  return {
    together: (pids) => apply(pids, all.slice(-1)),
    anywhere: (pids) => apply(pids, all),
  };
}
