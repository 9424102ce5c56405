/** A `*` pattern inside one segment: the literal parts between the stars, at least two. */
export interface SegmentGlob {
  readonly parts: readonly string[];
}

/** Longest part that is searched for by `indexOf`, whose worst case is part times text. */
const SHORT_PART = 16;

/** Splits at the stars; `**` inside a segment is `*` (Paths 5). */
export function readSegmentGlob(text: string): SegmentGlob {
  return { parts: text.split(/\*+/) };
}

/** A `*` alone: matches every segment. */
export function matchesEverySegment(glob: SegmentGlob): boolean {
  return glob.parts.every((part) => part === '');
}

/**
 * Whether the stars can be filled so that the text comes out. Linear in text and pattern: the first and the last part
 * are anchored, each part between is taken where it first occurs, and nothing is ever tried twice.
 */
export function matchesSegment({ parts }: SegmentGlob, text: string): boolean {
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
  const end = text.length - last.length;
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (let index = 1; index < parts.length - 1; index += 1) {
    const part = parts[index] ?? '';
    const found = find(text, part, from);
    if (found < 0 || found + part.length > end) return false;
    from = found + part.length;
  }
  return true;
}

function find(text: string, part: string, from: number): number {
  return part.length <= SHORT_PART ? text.indexOf(part, from) : findLong(text, part, from);
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
