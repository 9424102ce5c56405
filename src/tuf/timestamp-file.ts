import { type ListedFile, readListed } from './listed-file.ts';
import { type MetadataFile, readMetadata } from './metadata.ts';
import { TufError } from './tuf-error.ts';
import { readUtc } from './utc-time.ts';

export interface TimestampFile extends MetadataFile<'timestamp'> {
  /** When it was signed, by its signer: the age of the policy counts from here (delivery, "Staleness"). */
  readonly issuedAt: number;
  readonly snapshot: ListedFile;
}

export function readTimestamp(bytes: Uint8Array): TimestampFile {
  const file = readMetadata('timestamp', bytes);
  const { signed } = file.model;
  const issuedAt = readUtc(signed.unrecognizedFields['issued_at']);
  if (issuedAt === null) throw new TufError('malformed', 'timestamp', '`issued_at` must be a UTC time');
  return { ...file, issuedAt, snapshot: readListed(signed.snapshotMeta, 'timestamp', 'the snapshot') };
}
