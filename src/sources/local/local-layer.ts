import type { LocalFileInput } from '../../policy/policy-set.ts';
import type { DirectoryReading, FoundFile } from './read-directory.ts';

/** A file's rules that are known to be good, with the trust they were last read with. */
export interface HeldFile {
  readonly digest: string;
  readonly rules: readonly unknown[];
  /** Of its text. */
  readonly bytes: number;
  readonly allowsInert: string | null;
}

/** What `status` and `local ls` show of one file. */
export interface LocalListing {
  readonly name: string;
  /** Whose requests the file counts for; null = everybody's. */
  readonly uid: number | null;
  /**
   * `active`; `allows_inert`: wrong owner or mode; `last_good`: broken now, an earlier version serves; `broken`: it
   * never parsed and closes what local files may govern; `not_read`: a link or no regular file.
   */
  readonly state: 'active' | 'allows_inert' | 'last_good' | 'broken' | 'not_read';
  readonly cause: string | null;
  readonly rules: number;
  readonly digest: string | null;
}

/** One directory of local override files, ready for the compiler. */
export interface LocalLayer {
  readonly directory: string;
  readonly uid: number | null;
  readonly inputs: readonly LocalFileInput[];
  readonly listing: readonly LocalListing[];
  readonly warnings: readonly string[];
}

/** What parsing made of a file's present content. */
export type ParsedContent =
  | { readonly kind: 'good'; readonly rules: readonly unknown[] }
  | { readonly kind: 'bad'; readonly message: string };

export interface LayerSource {
  readonly directory: string;
  readonly uid: number | null;
  readonly held: ReadonlyMap<string, HeldFile>;
}

interface LayerFile {
  readonly input: LocalFileInput | null;
  readonly listing: LocalListing;
}

/** Combines what was found with what was last good. Pure: `parsed` holds every file of kind `content`. */
export function layerOf(
  source: LayerSource,
  reading: DirectoryReading,
  parsed: ReadonlyMap<string, ParsedContent>,
): LocalLayer {
  const { directory, uid } = source;
  const layer = (files: readonly LayerFile[], warnings: readonly string[] = []): LocalLayer => ({
    directory,
    uid,
    inputs: files.flatMap((file) => (file.input === null ? [] : [file.input])),
    listing: files.map((file) => file.listing),
    warnings,
  });
  switch (reading.kind) {
    case 'files':
      return layer(reading.files.map((file) => layerFile(source, file, parsed.get(file.name))));
    case 'missing':
      return layer([]);
    case 'closed':
    case 'unreadable': {
      const cause = `${directory} ${reading.message}`;
      const held = [...source.held].map(([name, file]) =>
        heldFile(uid, name, { file, cause, inert: file.allowsInert }),
      );
      // a home that the daemon cannot enter is empty, with a warning; anything else that it should read closes
      if (reading.kind === 'closed' && uid !== null) return layer(held, [cause]);
      return layer([...held, brokenFile(uid, directory, cause)], [cause]);
    }
  }
}

function layerFile(source: LayerSource, file: FoundFile, parsed: ParsedContent | undefined): LayerFile {
  const { uid } = source;
  const held = source.held.get(file.name);
  if (file.kind === 'skipped') {
    // its last good denies stay: whoever may place a link here could also have placed a file
    if (held !== undefined) return heldFile(uid, file.name, { file: held, cause: file.message, inert: file.message });
    const state = 'not_read';
    return { input: null, listing: { name: file.name, uid, state, cause: file.message, rules: 0, digest: null } };
  }
  if (file.kind === 'content' && parsed?.kind === 'good') return goodFile(uid, file, parsed.rules);
  const cause = file.kind === 'broken' ? file.message : parsed?.kind === 'bad' ? parsed.message : 'was not parsed';
  if (held === undefined) return brokenFile(uid, file.name, cause);
  return heldFile(uid, file.name, { file: held, cause, inert: file.untrusted });
}

function goodFile(
  uid: number | null,
  file: Extract<FoundFile, { kind: 'content' }>,
  rules: readonly unknown[],
): LayerFile {
  const { name, digest, untrusted } = file;
  const inert = untrusted === null ? {} : { allowsInert: untrusted };
  const state = untrusted === null ? 'active' : 'allows_inert';
  return {
    input: { name, uid, rules, ...inert },
    listing: { name, uid, state, cause: untrusted, rules: rules.length, digest },
  };
}

function heldFile(
  uid: number | null,
  name: string,
  held: { readonly file: HeldFile; readonly cause: string; readonly inert: string | null },
): LayerFile {
  const { rules, digest } = held.file;
  const inert = held.inert === null ? {} : { allowsInert: held.inert };
  return {
    input: { name, uid, rules, ...inert },
    listing: { name, uid, state: 'last_good', cause: held.cause, rules: rules.length, digest },
  };
}

function brokenFile(uid: number | null, name: string, cause: string): LayerFile {
  return {
    input: { name, uid, rules: [], broken: cause },
    listing: { name, uid, state: 'broken', cause, rules: 0, digest: null },
  };
}
