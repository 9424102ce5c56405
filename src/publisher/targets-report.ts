import { type MetadataDocument, metadataBytes } from '../tuf/metadata-text.ts';
import { readRoot } from '../tuf/root-file.ts';
import { bytesToSign, signatureHolds, withSignatures } from '../tuf/sign.ts';
import { assertPolicySignedBy } from '../tuf/signed-by.ts';
import { readTargets } from '../tuf/targets-file.ts';
import { writeAtomically } from './atomic-file.ts';
import { readSignatureFile } from './metadata-file.ts';
import { PublisherError } from './publisher-error.ts';
import { readRootSigned } from './root-document.ts';
import { sha256 } from './root-report.ts';

/** A file of `targets` as its signers look at it. Names are those of `--json`. */
export interface TargetsReport {
  readonly version: number;
  /** Of what is signed: the same on every signer's screen. */
  readonly content_sha256: string;
  readonly threshold: number;
  readonly signed: readonly string[];
  readonly missing: readonly string[];
  readonly complete: boolean;
}

export function targetsReport(document: MetadataDocument, root: MetadataDocument): TargetsReport {
  const { keys, threshold } = readRootSigned(root.signed).roles.targets;
  const holding = keys.filter(({ id, key }) => {
    const signature = document.signatures.find(({ keyid }) => keyid === id);
    return signature !== undefined && signatureHolds(document.signed, signature, key);
  });
  return {
    version: Number(document.signed['version']),
    content_sha256: sha256(bytesToSign(document.signed)),
    threshold,
    signed: holding.map(({ id }) => id),
    missing: keys.filter((key) => !holding.includes(key)).map(({ id }) => id),
    complete: holding.length >= threshold,
  };
}

/** Puts the signatures into the file once they suffice; with too few it stays as it is. */
export function assembleTargets(
  path: string,
  document: MetadataDocument,
  root: MetadataDocument,
  signatures: readonly string[],
): TargetsReport {
  const { keys } = readRootSigned(root.signed).roles.targets;
  const added = signatures.map((file) => {
    const signature = readSignatureFile(file);
    const part = keys.find(({ id }) => id === signature.keyid);
    if (part !== undefined && signatureHolds(document.signed, signature, part.key)) return signature;
    const why = part === undefined ? 'is of no targets key of this root' : 'was made for something else';
    throw new PublisherError('root_refused', `the signature \`${file}\` ${why}: leave it out`);
  });
  const signed = withSignatures(document, added);
  const report = targetsReport(signed, root);
  if (!report.complete) return report;
  const trusted = readRoot(metadataBytes(root));
  assertPolicySignedBy(trusted, readTargets(metadataBytes(signed), 'targets'), trusted.revokedKeyIds);
  writeAtomically(path, metadataBytes(signed));
  return report;
}
