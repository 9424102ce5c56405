import type { PathSegment } from '../resource/path-pattern.ts';
import { matchesEverySegment, matchesSegment } from '../resource/segment-glob.ts';

/**
 * Where a matcher may stand in a list of pattern segments, ascending: the states of a nondeterministic automaton, all
 * followed at once, so that no input makes it go back. What lies before the last `**` that was reached is left out:
 * every way on from there leads through that `**`, which takes any segment and so gets there first.
 */
export type Positions = readonly number[];

/** A segment that no rule names: only `*` and `**` match it. */
const ANY_OTHER_SEGMENT = null;

export function startPositions(segments: readonly PathSegment[]): Positions {
  const positions: number[] = [];
  reach(positions, segments, 0);
  return positions;
}

/**
 * Stands on a position, and behind it where it is a `**`, which may match nothing. Positions are reached in ascending
 * order and each only once: what is behind a `**` that was just reached moves on by a step of its own.
 */
function reach(positions: number[], segments: readonly PathSegment[], position: number): void {
  let at = position;
  while (segments[at]?.kind === 'deep') {
    positions.length = 0;
    positions.push(at);
    at += 1;
  }
  positions.push(at);
}

/** Where one more segment of the path leads. */
export function stepPositions(segments: readonly PathSegment[], from: Positions, name: string | null): Positions {
  const to: number[] = [];
  for (const position of from) {
    const segment = segments[position];
    if (segment === undefined) continue;
    if (segment.kind === 'deep') reach(to, segments, position);
    else if (takes(segment, name)) reach(to, segments, position + 1);
  }
  return to;
}

function takes(segment: Exclude<PathSegment, { kind: 'deep' }>, name: string | null): boolean {
  if (segment.kind === 'literal') return segment.text === name;
  return name === ANY_OTHER_SEGMENT ? matchesEverySegment(segment.glob) : matchesSegment(segment.glob, name);
}

/** Whether the pattern may end here. */
export function accepts(segments: readonly PathSegment[], positions: Positions): boolean {
  return positions[positions.length - 1] === segments.length;
}

/**
 * Whether everything matches from here on, however many segments follow. A segment that no rule names is the hardest to
 * match: any other one takes the same steps and perhaps more. So it is enough to follow that one until nothing changes,
 * which it does after at most one step a segment.
 */
export function acceptsEverything(segments: readonly PathSegment[], positions: Positions): boolean {
  let current = positions;
  while (accepts(segments, current)) {
    const next = stepPositions(segments, current, ANY_OTHER_SEGMENT);
    if (next.length === current.length && next.every((position, index) => position === current[index])) return true;
    current = next;
  }
  return false;
}
