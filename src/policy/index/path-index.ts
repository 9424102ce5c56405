import { CodedError } from '../../base/coded-error.ts';
import type { PathPattern } from '../resource/path-pattern.ts';
import { changes, composed, decomposed, type Form, folded, inForm } from './path-forms.ts';
import {
  buildPathTrie,
  namesOf,
  type PathTrie,
  type TrieEntry,
  type Visit,
  visitCoveringSubtree,
  visitMatching,
  visitMeetingSubtree,
} from './path-trie.ts';

/**
 * `home_not_expanded`: a pattern came with its `~` still in it, and nobody said whose home that is. `not_folded`: names
 * without case were asked for of an index that was built without them.
 */
export class PathIndexError extends CodedError<'home_not_expanded' | 'not_folded'> {}

/**
 * Patterns in every spelling in which a path may meet them (Paths 8). Almost all are the same in all spellings, so all of
 * them are in `exact`, and a further trie holds only those that its form changes. Plain data.
 */
export interface PathIndex {
  readonly exact: PathTrie;
  /** null = no pattern changes in this form. */
  readonly composed: PathTrie | null;
  readonly decomposed: PathTrie | null;
  /** All patterns, case folded; null = not asked for. */
  readonly folded: PathTrie | null;
}

/** The place of a pattern in the list is its ordinal; `fold` where names without case are to be asked for. */
export function buildPathIndex(
  patterns: readonly (PathPattern | undefined)[],
  forms: { readonly fold: boolean },
): PathIndex {
  const entries: TrieEntry[] = [];
  patterns.forEach((pattern, ordinal) => {
    if (pattern === undefined) return;
    if (pattern.home)
      throw new PathIndexError('home_not_expanded', `pattern ${ordinal} still starts with \`~\`: expand it`);
    entries.push({ ordinal, segments: pattern.segments });
  });
  return {
    exact: buildPathTrie(entries),
    composed: changedTrie(entries, composed),
    decomposed: changedTrie(entries, decomposed),
    folded: forms.fold ? buildPathTrie(entriesIn(entries, folded)) : null,
  };
}

function changedTrie(entries: readonly TrieEntry[], form: Form): PathTrie | null {
  const changed = entries.filter((entry) => changes(entry.segments, form));
  return changed.length === 0 ? null : buildPathTrie(entriesIn(changed, form));
}

function entriesIn(entries: readonly TrieEntry[], form: Form): TrieEntry[] {
  return entries.map(({ ordinal, segments }) => ({ ordinal, segments: inForm(segments, form) }));
}

type VisitTrie = (trie: PathTrie, names: readonly string[], visit: Visit) => void;

/** Allows on Linux: exact bytes. */
export function visitExact(index: PathIndex, path: string, visit: Visit): void {
  visitMatching(index.exact, namesOf(path), visit);
}

/** Allows on macOS: both in NFC. */
export function visitComposed(index: PathIndex, path: string, visit: Visit): void {
  inComposed(index, path, visitMatching, visit);
}

/** Patterns that match the path and everything below it, in exact bytes (Paths 9). */
export function visitCovering(index: PathIndex, path: string, visit: Visit): void {
  visitCoveringSubtree(index.exact, namesOf(path), visit);
}

/** The same in NFC, for macOS. */
export function visitCoveringComposed(index: PathIndex, path: string, visit: Visit): void {
  inComposed(index, path, visitCoveringSubtree, visit);
}

/** Patterns that match anything in the subtree, in exact bytes: what an allow says of it (Paths 8). */
export function visitMeeting(index: PathIndex, path: string, visit: Visit): void {
  visitMeetingSubtree(index.exact, namesOf(path), visit);
}

/** The same in NFC, for macOS. */
export function visitMeetingComposed(index: PathIndex, path: string, visit: Visit): void {
  inComposed(index, path, visitMeetingSubtree, visit);
}

/** Denies: exact, NFC and NFD, and where `folds`, NFC case folded (Paths 8). */
export function visitDenied(index: PathIndex, path: string, folds: boolean, visit: Visit): void {
  inEveryForm(index, path, folds, (trie, names) => visitMatching(trie, names, visit));
}

/** Patterns that match anything in the subtree, in the forms of a deny (Paths 9). */
export function visitIntersecting(index: PathIndex, path: string, folds: boolean, visit: Visit): void {
  inEveryForm(index, path, folds, (trie, names) => visitMeetingSubtree(trie, names, visit));
}

/** A pattern that is not NFC can't match an NFC path in `exact`: every part of NFC text is NFC itself. */
function inComposed(index: PathIndex, path: string, visitTrie: VisitTrie, visit: Visit): void {
  const names = namesOf(composed(path));
  visitTrie(index.exact, names, visit);
  if (index.composed !== null) visitTrie(index.composed, names, visit);
}

function inEveryForm(
  index: PathIndex,
  path: string,
  folds: boolean,
  visitTrie: (trie: PathTrie, names: readonly string[]) => void,
): void {
  const names = namesOf(path);
  visitTrie(index.exact, names);
  if (isAscii(path)) {
    // A pattern that is ASCII in NFD is so in NFC: NFC composes what NFD took apart.
    if (index.composed !== null) visitTrie(index.composed, names);
  } else {
    visitSpelled(index, index.composed, composed(path), visitTrie);
    visitSpelled(index, index.decomposed, decomposed(path), visitTrie);
  }
  if (!folds) return;
  if (index.folded === null) throw new PathIndexError('not_folded', 'the index was built without folded case');
  visitTrie(index.folded, namesOf(folded(path)));
}

function visitSpelled(
  index: PathIndex,
  changed: PathTrie | null,
  spelled: string,
  visitTrie: (trie: PathTrie, names: readonly string[]) => void,
): void {
  const names = namesOf(spelled);
  visitTrie(index.exact, names);
  if (changed !== null) visitTrie(changed, names);
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}
