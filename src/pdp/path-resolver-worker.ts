import { type MessagePort, workerData } from 'node:worker_threads';
import { PrefixSurvey } from '../realpath/literal-prefix.ts';
import { walkPath } from '../realpath/walk.ts';
import type { LookupReply, LookupRequest } from './path-lookup.ts';
import { lookAtPrefixes } from './path-prefixes.ts';

// The thread's whole life: one look at the disk after another, answered in the order of the questions. A disk that hangs
// hangs this thread and nothing else.
const { port } = workerData as { readonly port: MessagePort };

port.on('message', (request: LookupRequest) => {
  port.postMessage(answer(request));
});
port.postMessage({ kind: 'ready' } satisfies LookupReply);

function answer(request: LookupRequest): LookupReply {
  if (request.kind === 'path') return { kind: 'path', resolution: walkPath(request.path) };
  const survey = new PrefixSurvey();
  return lookAtPrefixes(request.paths, request.progress, (prefix) => survey.resolve(prefix));
}
