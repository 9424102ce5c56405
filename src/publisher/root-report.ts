import { createHash } from 'node:crypto';
import type { PublicPart } from '../tuf/key.ts';
import { type DetachedSignature, type MetadataDocument, metadataBytes } from '../tuf/metadata-text.ts';
import { bytesToSign, signatureHolds } from '../tuf/sign.ts';
import { utcText } from '../tuf/utc-time.ts';
import { type RootDocument, readRootSigned, TOP_ROLES, type TopRole } from './root-document.ts';

/** Whose signatures a root needs: those of its own keys, and those of the root before it (TUF 5.3.4). */
export interface NeededSignatures {
  /** The version of the root whose keys these are. */
  readonly root_version: number;
  readonly threshold: number;
  readonly signed: readonly string[];
  readonly missing: readonly string[];
}

/** A root as the people of a ceremony look at it. Names are those of `--json`. */
export interface RootReport {
  readonly version: number;
  readonly expires: string;
  /** Of what is signed: the same on every signer's screen, and before and after the signatures come in. */
  readonly content_sha256: string;
  /** Of the file with these signatures, as `sha256sum` shows it. */
  readonly file_sha256: string;
  readonly roles: readonly {
    readonly role: TopRole;
    readonly threshold: number;
    readonly key_ids: readonly string[];
  }[];
  readonly revoked_key_ids: readonly string[];
  readonly needed: readonly NeededSignatures[];
  /** Signatures that no key of these roots made. */
  readonly bad_signatures: readonly string[];
  readonly complete: boolean;
}

export function rootReport(document: MetadataDocument, previous: MetadataDocument | null): RootReport {
  const root = readRootSigned(document.signed);
  const signers = [root, ...(previous === null ? [] : [readRootSigned(previous.signed)])];
  const needed = signers.map((signer) => neededOf(document, signer));
  const holding = new Set(needed.flatMap(({ signed }) => signed));
  return {
    version: root.version,
    expires: utcText(root.expires),
    content_sha256: sha256(bytesToSign(document.signed)),
    file_sha256: sha256(metadataBytes(document)),
    roles: TOP_ROLES.map((role) => ({
      role,
      threshold: root.roles[role].threshold,
      key_ids: root.roles[role].keys.map(({ id }) => id),
    })),
    revoked_key_ids: root.revoked,
    needed,
    bad_signatures: document.signatures.map(({ keyid }) => keyid).filter((id) => !holding.has(id)),
    // a later root without the one before it cannot be judged
    complete:
      (root.version === 1 || previous !== null) && needed.every(({ signed, threshold }) => signed.length >= threshold),
  };
}

function neededOf(document: MetadataDocument, { version, roles }: RootDocument): NeededSignatures {
  const { keys, threshold } = roles.root;
  const holds = ({ id, key }: PublicPart): boolean => {
    const signature = document.signatures.find(({ keyid }) => keyid === id);
    return signature !== undefined && signatureHolds(document.signed, signature, key);
  };
  return {
    root_version: version,
    threshold,
    signed: keys.filter(holds).map(({ id }) => id),
    missing: keys.filter((key) => !holds(key)).map(({ id }) => id),
  };
}

/** What is wrong with a signature that somebody handed in, or null. */
export function signatureFault(
  document: MetadataDocument,
  signature: DetachedSignature,
  previous: MetadataDocument | null,
): string | null {
  const roots = [document, ...(previous === null ? [] : [previous])].map(({ signed }) => readRootSigned(signed));
  const part = roots.flatMap(({ roles }) => roles.root.keys).find(({ id }) => id === signature.keyid);
  if (part === undefined) return 'is of a key that is no root key here';
  return signatureHolds(document.signed, signature, part.key) ? null : 'was made for something else';
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
