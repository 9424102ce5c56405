import { readPath } from '../policy/resource/path.ts';
import { walkPath } from '../realpath/walk.ts';
import type { Question } from './request.ts';

export type ResolvedQuestion =
  | { readonly kind: 'question'; readonly question: Question }
  /** The caller cannot say what it would open, so nobody else may either. */
  | { readonly kind: 'unresolvable'; readonly reason: string };

/**
 * Adds `real`, resolved on the caller's side: a daemon sees its own tree, which in a container is another one (Paths 2).
 * A path that is none is sent as it is, for the daemon to refuse.
 */
export function withReal(question: Question): ResolvedQuestion {
  if (!('path' in question) || question.real !== undefined || question.resolved === true) {
    return { kind: 'question', question };
  }
  const reading = readPath(question.path);
  if (reading.kind === 'invalid') return { kind: 'question', question };
  const resolution = walkPath(reading.sent);
  if (resolution.kind === 'unresolvable') return resolution;
  return { kind: 'question', question: { ...question, real: resolution.real } };
}
