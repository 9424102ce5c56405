import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readPublicKey, signerOf } from '../../src/bundle/dsse.ts';
import { readEnvelope } from '../../src/schema/envelope.ts';
import { bundleBytes } from '../support/bundle-documents.ts';
import { signedEnvelope, signingKey } from '../support/signed-envelope.ts';
import { assertMessage } from './judged.ts';
import { mutatedText, mutatedValue } from './mutation.ts';
import { fuzzTarget } from './target.ts';

const WORDS = ['"', '{', '}', ',', ':', '=', '==', '-_', '+/', '\\u003d', '"payload":"",', '"sig":"AAAA"', '\ufeff'];

/** A signed bundle file: refused with one line, or what was signed, byte for byte. */
export const ENVELOPE = fuzzTarget<string>('envelope', 'ENVELOPE', () => {
  const [mine, other] = [signingKey(), signingKey()];
  const document = bundleBytes();
  const envelopes = [signedEnvelope(document, [mine]), signedEnvelope(document, [other, mine])];
  const signatures = envelopes.flatMap((envelope) => envelope.signatures.map(({ sig }) => sig));
  const values = [...signatures, envelopes[0]?.payload, envelopes[0]?.payloadType, signatures, 'AA', 'A', '='];
  const key = readPublicKey(mine.pem);
  assert.ok(key !== null);
  return {
    inputs: fc.oneof(
      {
        weight: 3,
        arbitrary: mutatedValue(envelopes, ['payload', 'payloadType', 'signatures', 'sig', 'keyid'], values).map(
          (value) => JSON.stringify(value),
        ),
      },
      {
        weight: 1,
        arbitrary: mutatedText(
          envelopes.map((value) => JSON.stringify(value)),
          WORDS,
          4_096,
        ),
      },
    ),
    check(text) {
      const reading = readEnvelope(Buffer.from(text));
      if (reading.kind === 'invalid') assertMessage(reading.message);
      else if (signerOf(reading.envelope, [key]) !== null) {
        assert.deepEqual(Buffer.from(reading.envelope.payload), document);
        assert.equal(reading.envelope.payloadType, envelopes[0]?.payloadType);
      }
    },
  };
});
