import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type MetadataDocument, metadataBytes } from '../tuf/metadata-text.ts';
import { writeAtomically } from './atomic-file.ts';
import { readMetadataFile } from './metadata-file.ts';
import { writeOnce } from './new-file.ts';
import { changedRoot, type RootChange, rootExpiry } from './root-change.ts';
import { type RootDocument, readRootSigned, rootSigned } from './root-document.ts';

/** A root without signatures: a draft, which may still change. */
export function draftOf(root: RootDocument): MetadataDocument {
  return { signatures: [], signed: rootSigned(root) };
}

/** The root before this one: beside it, where nobody says otherwise. */
export function previousRoot(
  path: string,
  document: MetadataDocument,
  given: string | undefined,
): MetadataDocument | null {
  if (given !== undefined) return readMetadataFile(given);
  const { version } = readRootSigned(document.signed);
  const beside = join(dirname(path), `${version - 1}.root.json`);
  return version > 1 && existsSync(beside) ? readMetadataFile(beside) : null;
}

export interface ChangedRootFile {
  readonly path: string;
  readonly document: MetadataDocument;
}

/**
 * Applies `change` to the root at `path`. A signed one stays as it is, and its successor is a new file beside it; a draft
 * is changed where it lies.
 */
export function changeRootFile(
  path: string,
  change: (root: RootDocument) => RootChange,
  { now, days }: { readonly now: number; readonly days?: number | undefined },
): ChangedRootFile {
  const found = readMetadataFile(path);
  const root = readRootSigned(found.signed);
  const draft = found.signatures.length === 0;
  const version = draft ? root.version : root.version + 1;
  const document = draftOf(changedRoot(root, change(root), { version, expires: rootExpiry(now, days) }));
  if (draft) {
    writeAtomically(path, metadataBytes(document));
    return { path, document };
  }
  const next = join(dirname(path), `${version}.root.json`);
  writeOnce(next, metadataBytes(document), 0o644);
  return { path: next, document };
}
