import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { preAuthEncoding, readPublicKey, signerOf } from '../../src/bundle/dsse.ts';
import { readEnvelope } from '../../src/schema/envelope.ts';
import { signedEnvelope, signingKey } from '../support/signed-envelope.ts';

const DOCUMENT = Buffer.from('{"schema":"reeve.bundle/1"}');

function envelopeOf(value: unknown) {
  const reading = readEnvelope(Buffer.from(JSON.stringify(value)));
  assert.ok(reading.kind === 'envelope', JSON.stringify(reading));
  return reading.envelope;
}

function keyOf(pem: string) {
  const key = readPublicKey(pem);
  assert.ok(key !== null);
  return key;
}

test('what is signed is type and payload with their lengths', () => {
  // the example of the specification
  const encoded = preAuthEncoding('http://example.com/HelloWorld', Buffer.from('hello world'));
  assert.equal(encoded.toString('utf8'), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  assert.equal(preAuthEncoding('ü', Buffer.from([0xff])).toString('latin1'), 'DSSEv1 2 \u00c3\u00bc 1 \u00ff');
});

test('the first key that signed is named, whatever the envelope says of its keys', () => {
  const [one, two, other] = [signingKey(), signingKey(), signingKey()];
  const value = signedEnvelope(DOCUMENT, [two]);
  const signer = (envelope: unknown, ...pems: readonly string[]): string | null =>
    signerOf(envelopeOf(envelope), pems.map(keyOf))?.id ?? null;
  assert.equal(signer(value, one.pem, two.pem), two.id);
  assert.equal(signer(value, one.pem, other.pem), null);
  assert.equal(signer(signedEnvelope(DOCUMENT, [other, two]), two.pem), two.id);
  const lying = { ...value, signatures: value.signatures.map(({ sig }) => ({ sig, keyid: one.id })) };
  assert.equal(signer(lying, one.pem, two.pem), two.id);
  const bare = { ...value, signatures: value.signatures.map(({ sig }) => ({ sig })), note: 'nobody signed this' };
  assert.equal(signer(bare, two.pem), two.id);
});

test('a change of one bit of the payload, its type or the signature is found', () => {
  const key = signingKey();
  const value = signedEnvelope(DOCUMENT, [key]);
  const holds = (envelope: unknown): boolean => signerOf(envelopeOf(envelope), [keyOf(key.pem)]) !== null;
  assert.ok(holds(value));
  for (let at = 0; at < DOCUMENT.length; at += 1) {
    const changed = Buffer.from(DOCUMENT);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.ok(!holds({ ...value, payload: changed.toString('base64') }), `byte ${at}`);
  }
  assert.ok(!holds({ ...value, payloadType: 'application/vnd.in-toto+json' }));
  const signature = Buffer.from(value.signatures[0]?.sig ?? '', 'base64');
  assert.equal(signature.length, 64);
  signature[10] = (signature[10] ?? 0) ^ 1;
  assert.ok(!holds({ ...value, signatures: [{ sig: signature.toString('base64') }] }));
  for (const sig of ['', signature.toString('base64').slice(0, 40), 'AAAA'])
    assert.ok(!holds({ ...value, signatures: [{ sig }] }));
});

test('both alphabets of base64 are read, with and without padding', () => {
  const document = Buffer.from([0xfb, 0xff, 0xfe, 0x3e]);
  const value = { payloadType: 'x', signatures: [{ sig: 'AAAA' }] };
  for (const payload of ['+//+Pg==', '-__-Pg==', '+//+Pg', '-__-Pg']) {
    assert.deepEqual(Buffer.from(envelopeOf({ ...value, payload }).payload), document, payload);
  }
});

test('what is no envelope is refused without repeating it', () => {
  const value = signedEnvelope(DOCUMENT, [signingKey()]);
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [[], /must be an object/],
    [{}, /`payloadType` is missing/],
    [{ ...value, payloadType: 7 }, /`payloadType` must be of type string/],
    [{ ...value, payload: 'not base64!' }, /`payload` must be base64/],
    [{ ...value, payload: '+_+_' }, /`payload` must be base64/],
    [{ ...value, payload: 'AAAAA' }, /`payload` must be base64/],
    [{ ...value, signatures: [] }, /`signatures` must have at least 1 items/],
    [{ ...value, signatures: [{}] }, /`signatures\.0\.sig` is missing/],
    [{ ...value, signatures: Array<unknown>(17).fill(value.signatures[0]) }, /`signatures` must have at most 16 items/],
  ];
  for (const [envelope, message] of wrong) {
    const reading = readEnvelope(Buffer.from(JSON.stringify(envelope)));
    assert.match(reading.kind === 'invalid' ? reading.message : 'it was read', message);
  }
  for (const text of ['', 'null', '{', '{"payload":"","payload":""}', '\ufeff{}']) {
    assert.equal(readEnvelope(Buffer.from(text)).kind, 'invalid');
  }
});

test('only an Ed25519 public key in PEM is a key', () => {
  const key = signingKey();
  assert.equal(keyOf(key.pem).id, key.id);
  assert.equal(keyOf(`\n${key.pem}\n`).id, key.id);
  const secret = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const kinds = [generateKeyPairSync('ec', { namedCurve: 'P-256' }), generateKeyPairSync('x25519')];
  const others = [
    secret,
    ...kinds.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }).toString()),
  ];
  for (const pem of [...others, '', 'ssh-ed25519 AAAA', key.pem.slice(0, 60), key.pem.replace('M', 'N')]) {
    assert.equal(readPublicKey(pem), null);
  }
});
