import type { PathSegment } from '../resource/path-pattern.ts';
import type { SegmentGlob } from '../resource/segment-glob.ts';

/** One spelling of a name that some disk takes for the same file (Paths 8). */
export type Form = (text: string) => string;

export const composed: Form = (text) => text.normalize('NFC');
export const decomposed: Form = (text) => text.normalize('NFD');

/**
 * NFC with case folded. Down, up and down again, so that what only meets in one case (`ſ` and `s`; `ß`, `ẞ` and `ss`)
 * meets; a final sigma is a sigma. Folds a little more than any disk does, which is the safe side: only denies are
 * tested so.
 */
export const folded: Form = (text) =>
  text.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFC');

export function inForm(segments: readonly PathSegment[], form: Form): readonly PathSegment[] {
  return segments.map((segment) => {
    switch (segment.kind) {
      case 'literal':
        return { kind: 'literal', text: form(segment.text) };
      case 'glob': {
        const { head, between, tail } = segment.glob;
        return { kind: 'glob', glob: { head: form(head), between: between.map(form), tail: form(tail) } };
      }
      case 'deep':
        return segment;
    }
  });
}

/** Whether one of the two composing forms changes a pattern; they leave ASCII as it is. */
export function changes(segments: readonly PathSegment[], form: Form): boolean {
  for (const segment of segments) {
    if (segment.kind === 'literal' && changesText(segment.text, form)) return true;
    if (segment.kind === 'glob' && textsOf(segment.glob).some((text) => changesText(text, form))) return true;
  }
  return false;
}

const BEYOND_ASCII = /[^\x00-\x7f]/;

function changesText(text: string, form: Form): boolean {
  return BEYOND_ASCII.test(text) && form(text) !== text;
}

function textsOf({ head, between, tail }: SegmentGlob): string[] {
  return [head, ...between, tail];
}
