import { shown } from '../base/shown.ts';
import { type MetadataDocument, metadataBytes } from '../tuf/metadata-text.ts';
import { followStored } from '../tuf/root-chain.ts';
import { withSignatures } from '../tuf/sign.ts';
import { writeAtomically } from './atomic-file.ts';
import { readSignatureFile } from './metadata-file.ts';
import { PublisherError } from './publisher-error.ts';
import { readRootSigned } from './root-document.ts';
import { type RootReport, rootReport, signatureFault } from './root-report.ts';

export interface Assembly {
  readonly path: string;
  readonly document: MetadataDocument;
  readonly previous: MetadataDocument | null;
  /** Paths of detached signatures. */
  readonly signatures: readonly string[];
}

/** Puts the signatures into the root once they suffice; with too few the file stays as it is. */
export function assembleRoot({ path, document, previous, signatures }: Assembly): RootReport {
  const added = signatures.map((file) => {
    const signature = readSignatureFile(file);
    const fault = signatureFault(document, signature, previous);
    if (fault === null) return signature;
    throw new PublisherError('root_refused', `the signature ${shown(file)} ${fault}: leave it out`);
  });
  const signed = withSignatures(document, added);
  const report = rootReport(signed, previous);
  if (!report.complete) return report;
  assertFollows(signed, previous);
  writeAtomically(path, metadataBytes(signed));
  return report;
}

/** As a daemon does that trusts the root before it, or that has this one pinned. */
export function assertFollows(root: MetadataDocument, previous: MetadataDocument | null): void {
  const bytes = metadataBytes(root);
  const { version } = readRootSigned(root.signed);
  const { broken } = followStored(previous === null ? bytes : metadataBytes(previous), (asked) =>
    previous !== null && asked === version ? bytes : null,
  );
  if (broken !== null) throw broken;
}
