import { shown } from '../base/shown.ts';
import { type ListedFile, readListed } from './listed-file.ts';
import { type MetadataFile, readMetadata } from './metadata.ts';
import { isRoleName } from './role-name.ts';
import { TufError } from './tuf-error.ts';

export interface SnapshotFile extends MetadataFile<'snapshot'> {
  /** By role: `targets` and the delegated ones. */
  readonly listed: ReadonlyMap<string, ListedFile>;
}

const SUFFIX = '.json';

export function readSnapshot(bytes: Uint8Array): SnapshotFile {
  const file = readMetadata('snapshot', bytes);
  const listed = new Map<string, ListedFile>();
  for (const [name, listing] of Object.entries(file.model.signed.meta)) {
    const role = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : '';
    if (!isRoleName(role)) throw new TufError('malformed', 'snapshot', `lists ${shown(name)}, which is no role's file`);
    listed.set(role, readListed(listing, 'snapshot', name));
  }
  return { ...file, listed };
}
