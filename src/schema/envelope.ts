import { z } from 'zod';
import { MAX_ENVELOPE_BYTES, MAX_ENVELOPE_SIGNATURES } from './limits.ts';
import { readShape } from './read-shape.ts';
import { shapeFault } from './shape-message.ts';
import { parseStrictJson } from './strict-json.ts';

/** The bytes of a DSSE envelope. */
export interface ReadEnvelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly Uint8Array[];
}

export type EnvelopeReading =
  | { readonly kind: 'envelope'; readonly envelope: ReadEnvelope }
  | { readonly kind: 'invalid'; readonly message: string };

/** Standard or URL-safe, as the specification of DSSE wants its readers to take both. */
const base64 = z
  .string()
  .refine(
    (text) => /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1,
    {
      error: 'must be base64',
    },
  );

// not strict: DSSE wants unknown members ignored, and nobody signed them
const envelope = z.object({
  payloadType: z.string().max(256),
  payload: base64,
  signatures: z
    .array(z.object({ sig: base64 }))
    .min(1)
    .max(MAX_ENVELOPE_SIGNATURES),
});

/** Reads a DSSE envelope; who signed it is another question. Total. */
export function readEnvelope(bytes: Uint8Array): EnvelopeReading {
  if (bytes.byteLength > MAX_ENVELOPE_BYTES)
    return { kind: 'invalid', message: `is larger than ${MAX_ENVELOPE_BYTES}` };
  const json = parseStrictJson(bytes);
  if (json.kind === 'error') return { kind: 'invalid', message: json.message };
  const parsed = readShape(envelope, json.value);
  if (parsed.kind === 'invalid') return { kind: 'invalid', message: shapeFault(parsed.issues, json.value).message };
  const { payloadType, payload, signatures } = parsed.value;
  // Node.js reads both alphabets under this name
  const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64');
  return {
    kind: 'envelope',
    envelope: { payloadType, payload: bytesOf(payload), signatures: signatures.map(({ sig }) => bytesOf(sig)) },
  };
}
