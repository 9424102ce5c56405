import { parentPort } from 'node:worker_threads';
import { messageOf } from '../base/coded-error.ts';
import { publishContent } from './publish-content.ts';
import type { PublishingAnswer, PublishingOrder } from './publishing-thread.ts';

// Packing, compiling and verifying a large organisation's policies takes seconds: those are this thread's.
parentPort?.once('message', ({ outlet, policies, now }: PublishingOrder) => {
  const answer = (message: PublishingAnswer): void => parentPort?.postMessage(message);
  void publishContent(outlet, policies, now).then(
    (report) => answer({ kind: 'report', report }),
    (error: unknown) => answer({ kind: 'failed', message: messageOf(error) }),
  );
});
