/** A pattern inside one segment, taken apart at its stars; any of the texts may be empty. */
export interface SegmentGlob {
  /** Before the first star. */
  readonly head: string;
  /** Between one star and the next. */
  readonly between: readonly string[];
  /** Behind the last star. */
  readonly tail: string;
}

/** Longest text that is searched for by `indexOf`, whose worst case is one length times the other. */
const SHORT = 16;

/** Takes a text with at least one star apart; `**` inside a segment is `*` (Paths 5). */
export function readSegmentGlob(text: string): SegmentGlob {
  const [head = '', ...rest] = text.split(/\*+/);
  return { head, between: rest.slice(0, -1), tail: rest.at(-1) ?? '' };
}

/** The glob as a rule would write it. */
export function segmentGlobText({ head, between, tail }: SegmentGlob): string {
  return [head, ...between, tail].join('*');
}

/** A `*` alone: matches every segment. */
export function matchesEverySegment({ head, between, tail }: SegmentGlob): boolean {
  return head === '' && between.length === 0 && tail === '';
}

/**
 * Whether the stars can be filled so that the text comes out. Linear in text and pattern: both ends are anchored, each
 * text between is taken where it first occurs, and nothing is ever tried twice.
 */
export function matchesSegment({ head, between, tail }: SegmentGlob, text: string): boolean {
  const end = text.length - tail.length;
  if (!text.startsWith(head) || !text.endsWith(tail)) return false;
  let from = head.length;
  for (const part of between) {
    const found = find(text, part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return from <= end;
}

function find(text: string, part: string, from: number): number {
  return part.length <= SHORT ? text.indexOf(part, from) : findLong(text, part, from);
}

/** Knuth, Morris and Pratt: never looks at a character of the text twice. */
function findLong(text: string, part: string, from: number): number {
  const borders = bordersOf(part);
  let matched = 0;
  for (let index = from; index < text.length; index += 1) {
    while (matched > 0 && text[index] !== part[matched]) matched = borders[matched - 1] ?? 0;
    if (text[index] === part[matched]) matched += 1;
    if (matched === part.length) return index - matched + 1;
  }
  return -1;
}

/** For each prefix of the part, the length of its longest proper prefix that is also its suffix. */
function bordersOf(part: string): Uint16Array {
  const borders = new Uint16Array(part.length);
  let border = 0;
  for (let index = 1; index < part.length; index += 1) {
    while (border > 0 && part[index] !== part[border]) border = borders[border - 1] ?? 0;
    if (part[index] === part[border]) border += 1;
    borders[index] = border;
  }
  return borders;
}
