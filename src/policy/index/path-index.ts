import { CodedError } from '../../base/coded-error.ts';
import type { Effect } from '../decision.ts';
import type { PathPattern } from '../resource/path-pattern.ts';
import type { Hits } from './hits.ts';
import { changes, composed, decomposed, folded, inForm } from './path-forms.ts';
import type { PathTrie } from './path-trie.ts';
import { PathTrieBuilder } from './path-trie-builder.ts';
import { collectCovering, collectMatching, collectMeeting, type TrieLook } from './trie-look.ts';

/**
 * `home_not_expanded`: a pattern came with its `~` still in it, and nobody said whose home that is. `not_folded`: names
 * without case were asked for of an index that was built without them.
 */
export class PathIndexError extends CodedError<'home_not_expanded' | 'not_folded'> {}

/**
 * Patterns in every spelling in which a path may meet them (Paths 8). Almost all are the same in all spellings, so all of
 * them are in `exact`, and a further trie holds only those that its form changes.
 */
export interface PathIndex {
  readonly exact: PathTrie;
  /** null = no pattern changes in this form. */
  readonly composed: PathTrie | null;
  readonly decomposed: PathTrie | null;
  /** All patterns, case folded; null = not asked for. */
  readonly folded: PathTrie | null;
}

/** `fold`: names without case are to be asked for. */
export class PathIndexBuilder {
  readonly #exact = new PathTrieBuilder();
  #composed: PathTrieBuilder | null = null;
  #decomposed: PathTrieBuilder | null = null;
  readonly #folded: PathTrieBuilder | null;

  constructor({ fold }: { readonly fold: boolean }) {
    this.#folded = fold ? new PathTrieBuilder() : null;
  }

  /** Only denies are asked for in other spellings than NFC. */
  add({ segments, home }: PathPattern, target: number, effect: Effect): void {
    if (home) throw new PathIndexError('home_not_expanded', `pattern ${target} still starts with \`~\`: expand it`);
    this.#exact.add(segments, target);
    if (changes(segments, composed)) (this.#composed ??= new PathTrieBuilder()).add(inForm(segments, composed), target);
    if (effect === 'allow') return;
    this.#folded?.add(inForm(segments, folded), target);
    if (changes(segments, decomposed)) {
      (this.#decomposed ??= new PathTrieBuilder()).add(inForm(segments, decomposed), target);
    }
  }

  build(): PathIndex {
    return {
      exact: this.#exact.build(),
      composed: this.#composed?.build() ?? null,
      decomposed: this.#decomposed?.build() ?? null,
      folded: this.#folded?.build() ?? null,
    };
  }
}

/** Adds to `hits` what an index has for a canonical path. */
type Look = (index: PathIndex, path: string, hits: Hits) => void;

/** Allows on Linux: exact bytes. */
export const collectExact: Look = (index, path, hits) => collectMatching(index.exact, path, hits);

/** Allows on macOS: both in NFC. */
export const collectComposed: Look = (index, path, hits) => inComposed(index, path, collectMatching, hits);

/** Patterns that match the path and everything below it, in exact bytes (Paths 9). */
export const collectCoveringExact: Look = (index, path, hits) => collectCovering(index.exact, path, hits);

/** The same in NFC, for macOS. */
export const collectCoveringComposed: Look = (index, path, hits) => inComposed(index, path, collectCovering, hits);

/** Patterns that match anything in the subtree, in exact bytes: what an allow says of it (Paths 8). */
export const collectMeetingExact: Look = (index, path, hits) => collectMeeting(index.exact, path, hits);

/** The same in NFC, for macOS. */
export const collectMeetingComposed: Look = (index, path, hits) => inComposed(index, path, collectMeeting, hits);

/** Denies: what `collectExact` does not find of exact, NFC and NFD (Paths 8). */
export const collectSpelled: Look = (index, path, hits) => inOtherForms(index, path, collectMatching, hits);

/** The same and, where the disk compares names without case, NFC case folded. */
export const collectSpelledFolded: Look = (index, path, hits) => {
  inOtherForms(index, path, collectMatching, hits);
  inFolded(index, path, collectMatching, hits);
};

/** Patterns that match anything in the subtree, in the forms of a deny (Paths 9). */
export const collectIntersecting: Look = (index, path, hits) => {
  collectMeeting(index.exact, path, hits);
  inOtherForms(index, path, collectMeeting, hits);
};

export const collectIntersectingFolded: Look = (index, path, hits) => {
  collectIntersecting(index, path, hits);
  inFolded(index, path, collectMeeting, hits);
};

/** A pattern that is not NFC can't match an NFC path in `exact`: every part of NFC text is NFC itself. */
function inComposed(index: PathIndex, path: string, look: TrieLook, hits: Hits): void {
  const spelled = composed(path);
  look(index.exact, spelled, hits);
  if (index.composed !== null) look(index.composed, spelled, hits);
}

function inOtherForms(index: PathIndex, path: string, look: TrieLook, hits: Hits): void {
  if (isAscii(path)) {
    // A pattern that is ASCII in NFD is so in NFC: NFC composes what NFD took apart.
    if (index.composed !== null) look(index.composed, path, hits);
    return;
  }
  lookSpelled(index.exact, index.composed, composed(path), { look, hits });
  lookSpelled(index.exact, index.decomposed, decomposed(path), { look, hits });
}

function lookSpelled(
  exact: PathTrie,
  changed: PathTrie | null,
  spelled: string,
  { look, hits }: { readonly look: TrieLook; readonly hits: Hits },
): void {
  look(exact, spelled, hits);
  if (changed !== null) look(changed, spelled, hits);
}

function inFolded(index: PathIndex, path: string, look: TrieLook, hits: Hits): void {
  if (index.folded === null) throw new PathIndexError('not_folded', 'the index was built without folded case');
  look(index.folded, folded(path), hits);
}

let asked = { text: '', isAscii: true };

/** A path is asked about layer by layer: what the last one was is kept. */
function isAscii(text: string): boolean {
  if (text !== asked.text) asked = { text, isAscii: !/[^\x00-\x7f]/.test(text) };
  return asked.isAscii;
}
