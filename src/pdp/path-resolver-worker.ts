import { workerData } from 'node:worker_threads';
import { PrefixSurvey } from '../realpath/literal-prefix.ts';
import { walkLinks } from '../realpath/walk.ts';
import { ForeignMounts } from './foreign-mounts.ts';
import { answerLookups } from './path-lane.ts';
import { lookAtPrefixes } from './path-prefixes.ts';
import type { ResolverStart } from './path-resolver-thread.ts';

// The thread's whole life: one look at the disk after another, answered in the order of the questions. A disk that hangs
// hangs this thread and nothing else.
const start = workerData as ResolverStart;
const foreign = new ForeignMounts(start.foreign);
answerLookups(start, (request) => {
  if (request.kind === 'path') {
    return { kind: 'path', resolution: walkLinks(request.path, { foreign: foreign.current() }) };
  }
  const survey = new PrefixSurvey();
  return lookAtPrefixes(request.paths, request.progress, (prefix) => survey.resolve(prefix));
});
