import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Sample {
  /** Since the start. */
  readonly seconds: number;
  readonly megabytes: number;
}

/** Resident memory of another process, in megabytes. */
export function residentMemory(pid: number): number {
  if (process.platform === 'linux') {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kilobytes) / 1_024;
  }
  return Number(spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout) / 1_024;
}

/** Megabytes in ten minutes, by least squares; null where there are too few samples to say. */
export function slope(samples: readonly Sample[]): number | null {
  if (samples.length < 10) return null;
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [time, memory] = [mean(({ seconds }) => seconds), mean(({ megabytes }) => megabytes)];
  const covariance = mean(({ seconds, megabytes }) => (seconds - time) * (megabytes - memory));
  return (covariance / mean(({ seconds }) => (seconds - time) ** 2)) * 600;
}
