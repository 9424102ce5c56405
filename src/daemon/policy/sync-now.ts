import type { SyncOutcome } from '../../localapi/daemon-port.ts';
import type { Live } from '../../sources/activate.ts';
import type { PolicySource } from '../../sources/source.ts';
import type { PolicyDesk } from './policy-desk.ts';

/** What serves, as answers name it. */
export function liveIn({ activator }: PolicyDesk): Live {
  return activator.live() ?? { revision: 'none', generation: 0 };
}

/** One run at once, or the one in progress; what came of it. */
export async function syncNow(desk: PolicyDesk, source: PolicySource | null): Promise<SyncOutcome> {
  if (source === null) {
    const message = 'no source is configured: local files and the preset rule; set `source` in the configuration file';
    return { kind: 'failed', code: 'no_source', message };
  }
  const answer = await source.sync();
  switch (answer.kind) {
    case 'closed':
      return { kind: 'failed', code: 'source_closed', message: 'the daemon is shutting down' };
    case 'deferred': {
      const seconds = Math.max(1, Math.ceil(answer.retryAfterMs / 1000));
      return { kind: 'retry_after', seconds, message: `the policy server asked to be left alone for ${seconds} s` };
    }
    case 'ran': {
      const { outcome } = answer;
      if (outcome.kind === 'ok') return { kind: 'live', ...liveIn(desk) };
      return { kind: 'failed', code: outcome.failure.code, message: outcome.failure.message };
    }
  }
}
