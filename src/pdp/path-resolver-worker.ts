import { type MessagePort, workerData } from 'node:worker_threads';
import { resolveLiteralPrefix } from '../realpath/literal-prefix.ts';
import { walkPath } from '../realpath/walk.ts';
import type { LookupReply, LookupRequest } from './path-lookup.ts';

// The thread's whole life: one look at the disk after another, answered in the order of the questions. A disk that hangs
// hangs this thread and nothing else.
const { port } = workerData as { readonly port: MessagePort };

port.on('message', (request: LookupRequest) => {
  port.postMessage(answer(request));
});
port.postMessage({ kind: 'ready' } satisfies LookupReply);

function answer({ kind, path }: LookupRequest): LookupReply {
  return kind === 'path'
    ? { kind: 'path', resolution: walkPath(path) }
    : { kind: 'prefix', leads: resolveLiteralPrefix(path) };
}
