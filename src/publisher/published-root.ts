import { parseStrictJson } from '../schema/strict-json.ts';
import { MAX_METADATA_BYTES } from '../tuf/limits.ts';
import { metadataDocumentOf } from './metadata-file.ts';
import { readSmallFile, unusable } from './small-file.ts';

/** The bytes of the root that somebody names. Whether it holds is for the verifier; another file in its place is not. */
export function readRootFile(path: string): Buffer {
  const bytes = readSmallFile(path, MAX_METADATA_BYTES.root);
  const reading = parseStrictJson(bytes);
  const document = reading.kind === 'value' ? metadataDocumentOf(reading.value) : null;
  if (document?.signed['_type'] === 'root') return bytes;
  throw unusable(path, 'it is no root: name the root file, such as `1.root.json`');
}
