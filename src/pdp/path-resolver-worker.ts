import { workerData } from 'node:worker_threads';
import { PrefixSurvey } from '../realpath/literal-prefix.ts';
import { walkPath } from '../realpath/walk.ts';
import { answerLookups, type LaneEnds } from './path-lane.ts';
import { lookAtPrefixes } from './path-prefixes.ts';

// The thread's whole life: one look at the disk after another, answered in the order of the questions. A disk that hangs
// hangs this thread and nothing else.
answerLookups(workerData as LaneEnds, (request) => {
  if (request.kind === 'path') return { kind: 'path', resolution: walkPath(request.path) };
  const survey = new PrefixSurvey();
  return lookAtPrefixes(request.paths, request.progress, (prefix) => survey.resolve(prefix));
});
