import type { PathSegment } from '../resource/path-pattern.ts';

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
      case 'glob':
        return { kind: 'glob', glob: { parts: segment.glob.parts.map(form) } };
      case 'deep':
        return segment;
    }
  });
}

/** Whether the form changes a pattern. */
export function changes(segments: readonly PathSegment[], form: Form): boolean {
  return segments.some((segment) => {
    if (segment.kind === 'literal') return form(segment.text) !== segment.text;
    return segment.kind === 'glob' && segment.glob.parts.some((part) => form(part) !== part);
  });
}
