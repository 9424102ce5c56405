import type { LastError, SourceStatus } from '../../sources/source.ts';

/** How far the way to newer policy is open: who has to do something follows from it. */
export type SourceStanding =
  /** Nothing newer can arrive. */
  | 'none'
  /** Nobody answers, or not to this machine. */
  | 'unreachable'
  /** It answers, and what it offers is incomplete, not believed or not usable here. */
  | 'not_accepted'
  /** It answers, and what it says is believed. */
  | 'answers';

/** Failures of the stage `fetch` that an answer of the source itself is the cause of; a portal's is none. */
const ANSWERS_OF_THE_SOURCE: ReadonlySet<string> = new Set([
  ...['absent', 'too_large', 'no_content', 'invalid_json', 'unexpected_answer'],
  ...['page_loop', 'too_many_pages', 'changed_during_sync'],
]);

export function standingOf(source: SourceStatus | null): SourceStanding {
  if (source === null) return 'none';
  const { state, last_error: error } = source;
  if (state !== 'failing') return 'answers';
  return error !== null && isAnswered(error) ? 'not_accepted' : 'unreachable';
}

function isAnswered({ stage, code }: LastError): boolean {
  return stage !== 'fetch' || ANSWERS_OF_THE_SOURCE.has(code);
}

/** What to do about a policy that ages, by what its source is and how it stands; null = what the catalogue says. */
export function agingRemedy(source: SourceStatus | null): string | null {
  switch (standingOf(source)) {
    case 'none':
      return 'name a policy source in the configuration: without one nothing newer arrives';
    case 'unreachable':
      return source?.type === 'file' ? 'see that the daemon can read the file that `source.path` names' : null;
    case 'not_accepted':
      return source?.type === 'file'
        ? 'see the last error: the file is there, and is not taken up; put a newer one in its place'
        : 'see the last error: the source answers, and what it offers is not taken up; whoever publishes has to mend it';
    case 'answers':
      return remedyOfAnswering(source);
  }
}

/** What it says is believed and old: an age counts from what was signed or issued, and not from the last sync. */
function remedyOfAnswering(source: SourceStatus | null): string | null {
  switch (source?.type) {
    case 'file':
      return 'put a newer bundle in the place of the file that `source.path` names: it is read, and holds nothing newer';
    case 'tuf':
      return 'whoever publishes has to sign anew: the source answers, and holds nothing newer';
    default:
      return null;
  }
}
