import { canonicalJson } from '../bundle/canonical-json.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** A signature that lies beside what it signs, or in it. */
export interface DetachedSignature {
  readonly keyid: string;
  /** In hex. */
  readonly sig: string;
}

/** A metadata file, as plain data. */
export interface MetadataDocument {
  readonly signatures: readonly DetachedSignature[];
  readonly signed: JsonObject;
}

/** The file of a document: the same bytes for the same document, whoever writes it. */
export function metadataBytes({ signatures, signed }: MetadataDocument): Buffer {
  return Buffer.from(`${canonicalJson({ signatures, signed })}\n`, 'utf8');
}
