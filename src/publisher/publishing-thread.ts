import { Worker } from 'node:worker_threads';
import type { PublicationReport } from './publication-report.ts';
import type { Outlet } from './publish-content.ts';
import { PublisherError } from './publisher-error.ts';

export interface PublishingOrder {
  readonly outlet: Outlet;
  readonly policies: readonly unknown[];
  readonly now: number;
}

export type PublishingAnswer =
  | { readonly kind: 'report'; readonly report: PublicationReport }
  | { readonly kind: 'failed'; readonly message: string };

const DEADLINE_MS = 120_000;

/**
 * `publishContent` in a thread of its own, which ends with it: whoever serves requests beside it goes on doing so. Rejects
 * with a `PublisherError`; what was published before still is then.
 */
export async function publishInThread(order: PublishingOrder): Promise<PublicationReport> {
  // the emitted files end in .js, and no compiler rewrites a URL
  const file = import.meta.url.endsWith('.ts') ? './publishing-worker.ts' : './publishing-worker.js';
  const worker = new Worker(new URL(file, import.meta.url));
  try {
    const answer = await answerOf(worker, order);
    if (answer.kind === 'report') return answer.report;
    throw new PublisherError('not_published', answer.message);
  } finally {
    await worker.terminate();
  }
}

function answerOf(worker: Worker, order: PublishingOrder): Promise<PublishingAnswer> {
  return new Promise((resolve) => {
    const failed = (message: string): void => resolve({ kind: 'failed', message });
    const deadline = setTimeout(() => failed(`it took longer than ${DEADLINE_MS / 1_000} s`), DEADLINE_MS);
    worker
      .on('message', resolve)
      .on('error', (error: unknown) => failed(error instanceof Error ? error.message : String(error)))
      .on('exit', () => {
        clearTimeout(deadline);
        failed('its thread ended');
      })
      .postMessage(order);
  });
}
