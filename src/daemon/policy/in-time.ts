import { setTimeout as sleep } from 'node:timers/promises';
import { PolicyThreadError } from './policy-thread.ts';

/** What takes longer than that has hung: whoever waits for it must not wait for ever. Rejects with a `PolicyThreadError`. */
export async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const patience = new AbortController();
  const late = sleep(ms, null, { signal: patience.signal, ref: false }).then(() => {
    throw new PolicyThreadError(
      'policy_thread_hangs',
      `the policy thread has not got on for ${Math.round(ms / 1_000)} s`,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    patience.abort();
  }
}
