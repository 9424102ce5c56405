import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import type { Timestamp } from '@tufjs/models';
import { Metadata, MetadataKind } from '@tufjs/models';
import { keyIdOf, publicPartOf, readPublicPart } from '../../src/tuf/key.ts';
import { type JsonObject, metadataBytes } from '../../src/tuf/metadata-text.ts';
import { bytesToSign, signatureHolds, signatureOf, withSignatures } from '../../src/tuf/sign.ts';

/** RFC 8032, 7.1, test 1. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const PUBLIC = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const KEY = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${SEED}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
});

const SIGNED: JsonObject = {
  _type: 'timestamp',
  spec_version: '1.0.34',
  version: 7,
  expires: '2030-01-01T00:00:00Z',
  issued_at: '2029-12-25T00:00:00Z',
  meta: { 'snapshot.json': { version: 3, length: 9, hashes: { sha256: 'ab' } } },
};

test('a key is known by the digest of its canonical form, from either half', () => {
  const part = publicPartOf(KEY);
  assert.equal(part?.key.keyval.public, PUBLIC);
  assert.deepEqual(publicPartOf(createPublicKey(KEY)), part);
  // sha256 of {"keytype":"ed25519","keyval":{"public":"d75a…"},"scheme":"ed25519"}
  assert.equal(part.id, '74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916');
  assert.equal(keyIdOf(part.key), part.id);
  assert.equal(publicPartOf(generateKeyPairSync('x25519').privateKey), null);
});

test('only a plain Ed25519 key is one', () => {
  const key = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: PUBLIC } };
  assert.equal(readPublicPart(key)?.key.keyval.public, PUBLIC);
  for (const value of [
    null,
    'x',
    {},
    { ...key, keytype: 'rsa' },
    { ...key, scheme: 'rsa' },
    { ...key, more: 1 },
    { ...key, keyval: null },
    { ...key, keyval: {} },
    { ...key, keyval: { public: PUBLIC, private: SEED } },
    { ...key, keyval: { public: PUBLIC.toUpperCase() } },
    { ...key, keyval: { public: PUBLIC.slice(2) } },
    { ...key, keyval: { public: 7 } },
  ]) {
    assert.equal(readPublicPart(value), null, JSON.stringify(value));
  }
});

test('what is signed is canonical, members of our own included', () => {
  assert.equal(
    bytesToSign(SIGNED).toString(),
    '{"_type":"timestamp","expires":"2030-01-01T00:00:00Z","issued_at":"2029-12-25T00:00:00Z",' +
      '"meta":{"snapshot.json":{"hashes":{"sha256":"ab"},"length":9,"version":3}},"spec_version":"1.0.34","version":7}',
  );
});

test('the reference data model verifies what is signed here, and not what was altered', () => {
  const signature = signatureOf(SIGNED, KEY);
  const part = publicPartOf(KEY);
  assert.ok(part !== null);
  assert.ok(verify(null, bytesToSign(SIGNED), createPublicKey(KEY), Buffer.from(signature.sig, 'hex')));
  assert.ok(signatureHolds(SIGNED, signature, part.key));
  assert.ok(!signatureHolds({ ...SIGNED, issued_at: '2029-12-26T00:00:00Z' }, signature, part.key));
  const bytes = metadataBytes(withSignatures({ signatures: [], signed: SIGNED }, [signature]));
  const read = Metadata.fromJSON(
    MetadataKind.Timestamp,
    JSON.parse(bytes.toString()) as Parameters<typeof Timestamp.fromJSON>[0],
  );
  assert.equal(read.signatures[part.id]?.sig, signature.sig);
});

test('a document has one file: signatures by key, members by name', () => {
  const [b, a] = [
    { keyid: 'b', sig: '02' },
    { keyid: 'a', sig: '01' },
  ];
  const one = withSignatures(withSignatures({ signatures: [], signed: SIGNED }, [b]), [a]);
  const other = withSignatures({ signatures: [{ keyid: 'b', sig: '09' }], signed: { ...SIGNED } }, [a, b]);
  assert.deepEqual(metadataBytes(one), metadataBytes(other));
  assert.match(
    metadataBytes(one).toString(),
    /^\{"signatures":\[\{"keyid":"a","sig":"01"\},\{"keyid":"b","sig":"02"\}\],"signed":.*\}\n$/,
  );
});

test('what is no metadata is not signed, and neither is anything by another kind of key', () => {
  for (const signed of [{}, { ...SIGNED, _type: 'bundle' }, { ...SIGNED, meta: 1 }, { ...SIGNED, version: 1.5 }]) {
    assert.throws(() => bytesToSign(signed), { code: 'not_metadata' }, JSON.stringify(signed));
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  assert.throws(() => signatureOf(SIGNED, privateKey), { code: 'unsupported_key' });
});
