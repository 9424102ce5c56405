import type { BundleHeader } from '../../store/bundle-rows.ts';
import type { StoredVerdict } from '../org-policies.ts';
import { publicKeysOf } from './bundle-file.ts';
import type { FileConfig } from './config.ts';

/** Whether a stored bundle may serve: a key that the configuration no longer names vouches for nothing. */
export function verifyStoredFile(config: FileConfig, { origin }: Pick<BundleHeader, 'origin'>): StoredVerdict {
  const keys = publicKeysOf(config);
  if (keys === null || keys.some(({ id }) => id === origin?.signer)) return { kind: 'verified' };
  return { kind: 'refused', message: 'it is signed by none of `source.public_keys`' };
}
