import { Metadata } from '@tufjs/models';
import { messageOf } from '../base/coded-error.ts';
import type { RootFile } from './root-file.ts';
import type { SnapshotFile } from './snapshot-file.ts';
import type { TargetsFile } from './targets-file.ts';
import type { TimestampFile } from './timestamp-file.ts';
import { RevokedKeyError, TufError } from './tuf-error.ts';

type Delegator = RootFile | TargetsFile;
type Signed = RootFile | TimestampFile | SnapshotFile | TargetsFile;

/** Throws unless the delegator's keys for `role` have signed the file, as many of them as it demands. */
export function assertSignedBy(delegator: Delegator, role: string, file: Signed): void {
  try {
    delegator.model.verifyDelegate(role, file.model);
  } catch (error) {
    throw new TufError('bad_signature', role, `${messageOf(error)}: not believed`, { cause: error });
  }
}

/**
 * The same for policy, that is targets and delegated roles: a key that the newest root has revoked signs nothing, under
 * whatever root the file is judged (tuf, 8).
 */
export function assertPolicySignedBy(delegator: Delegator, file: TargetsFile, revoked: ReadonlySet<string>): void {
  assertSignedBy(delegator, file.role, file);
  const { signed, signatures } = file.model;
  const kept = Object.entries(signatures).filter(([keyId]) => !revoked.has(keyId));
  if (kept.length === Object.keys(signatures).length) return;
  try {
    delegator.model.verifyDelegate(file.role, new Metadata(signed, Object.fromEntries(kept)));
  } catch (error) {
    throw new RevokedKeyError(file.role, { cause: error });
  }
}
