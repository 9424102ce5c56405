import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRoot } from '../../src/tuf/root-file.ts';
import { readSnapshot } from '../../src/tuf/snapshot-file.ts';
import { readTargets } from '../../src/tuf/targets-file.ts';
import { readTimestamp } from '../../src/tuf/timestamp-file.ts';
import { type JsonObject, newSigner, newSigners, signed, TufRepository } from '../support/tuf-repository.ts';
import { judged, quickest } from './judged.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const repository = TufRepository.published(NOW);
const FILES = {
  root: { bytes: repository.pinnedRoot, read: readRoot },
  timestamp: { bytes: repository.file('metadata/timestamp.json'), read: readTimestamp },
  snapshot: { bytes: repository.file('metadata/1.snapshot.json'), read: readSnapshot },
  targets: {
    bytes: repository.file('metadata/1.targets.json'),
    read: (bytes: Uint8Array) => readTargets(bytes, 'targets'),
  },
} as const;
type Kind = keyof typeof FILES;

function signedOf(kind: Kind): JsonObject {
  return (JSON.parse(FILES[kind].bytes.toString('utf8')) as { signed: JsonObject }).signed;
}

/** The verdict about a file of that kind whose `signed` was changed. */
function changed(kind: Kind, change: (content: JsonObject) => void): string {
  const content = signedOf(kind);
  change(content);
  return judged(() => FILES[kind].read(signed(content, newSigners(1))));
}

test('what an honest publisher writes is read, with its version, its expiry and when it was issued', () => {
  for (const kind of Object.keys(FILES) as Kind[])
    assert.equal(
      changed(kind, () => undefined),
      'accepted',
      kind,
    );
  const timestamp = readTimestamp(FILES.timestamp.bytes);
  assert.deepEqual([timestamp.version, timestamp.issuedAt, timestamp.expiresAt - NOW], [1, NOW, 7 * 86_400_000]);
  assert.deepEqual([...readSnapshot(FILES.snapshot.bytes).listed.keys()], ['targets']);
});

test('a version is a positive integer that a number can hold', () => {
  for (const version of [0, -3, 1.5, 2 ** 53, '1', null, true]) {
    for (const kind of Object.keys(FILES) as Kind[]) {
      const verdict = changed(kind, (content) => (content['version'] = version));
      assert.equal(verdict, `malformed @${kind}`, `${kind} ${String(version)}`);
    }
  }
});

test('an expiry is a time in UTC, to the second, that exists', () => {
  const wrong = ['2030', '2030-01-01', '2030-01-01T00:00:00', '2030-01-01T00:00:00+01:00', '2030-02-30T00:00:00Z'];
  for (const expires of [...wrong, '2030-01-01T24:00:01Z', ' 2030-01-01T00:00:00Z', 'never', 5, null]) {
    const verdict = changed('timestamp', (content) => (content['expires'] = expires));
    assert.equal(verdict, 'malformed @timestamp', String(expires));
  }
});

test('a timestamp says when it was issued', () => {
  for (const issuedAt of [undefined, 'yesterday', 1_700_000_000, '2026-06-01T12:00:00.5Z']) {
    const verdict = changed('timestamp', (content) => {
      if (issuedAt === undefined) delete content['issued_at'];
      else content['issued_at'] = issuedAt;
    });
    assert.equal(verdict, 'malformed @timestamp', String(issuedAt));
  }
});

test('what is listed is listed with its length and its sha256, or nothing listed is read', () => {
  const listing = { version: 1, length: 5, hashes: { sha256: 'a'.repeat(64) } };
  const wrong: JsonObject[] = [
    { ...listing, hashes: {} },
    { ...listing, hashes: { sha512: 'a'.repeat(128) } },
    { ...listing, hashes: { sha256: 'A'.repeat(64) } },
    { version: 1, length: 5 },
    { version: 1, hashes: listing.hashes },
    { ...listing, length: -1 },
    { ...listing, length: 1.5 },
    { ...listing, version: 0 },
  ];
  for (const entry of wrong) {
    const inTimestamp = changed('timestamp', (content) => (content['meta'] = { 'snapshot.json': entry }));
    const inSnapshot = changed('snapshot', (content) => (content['meta'] = { 'targets.json': entry }));
    assert.deepEqual([inTimestamp, inSnapshot], ['malformed @timestamp', 'malformed @snapshot'], JSON.stringify(entry));
  }
  assert.equal(
    changed('timestamp', (content) => delete content['meta']),
    'malformed @timestamp',
  );
  assert.equal(
    changed('snapshot', (content) => delete content['meta']),
    'malformed @snapshot',
  );
});

test('a snapshot lists roles by names that can only be read in one way', () => {
  for (const name of ['Team.json', 'a/b.json', '1.json', '-a.json', 'team', '__proto__.json', '.json', 'a_b.json']) {
    const verdict = changed('snapshot', (content) => {
      const meta = content['meta'] as JsonObject;
      content['meta'] = { ...meta, [name]: meta['targets.json'] ?? null };
    });
    assert.equal(verdict, 'malformed @snapshot', name);
  }
});

test('a key is a plain Ed25519 key under its own id, so that none can stand under two', () => {
  const other = newSigner();
  const wrong: ((keys: JsonObject, id: string) => void)[] = [
    // one key, two ids
    (keys, id) => (keys['f'.repeat(64)] = keys[id] ?? null),
    (keys, id) => (keys[id] = other.key),
    (keys, id) => (keys[id] = { ...(keys[id] as JsonObject), note: 'another id' }),
    (keys, id) => (keys[id] = { ...(keys[id] as JsonObject), scheme: 'rsassa-pss-sha256' }),
    (keys, id) => (keys[id] = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: 'AB'.repeat(32) } }),
    (keys, id) => (keys[id] = { keytype: 'ed25519', scheme: 'ed25519', keyval: {} }),
    (keys, id) => (keys[id] = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: '-----BEGIN' } }),
  ];
  for (const [index, spoil] of wrong.entries()) {
    const verdict = changed('root', (content) => {
      const keys = content['keys'] as JsonObject;
      spoil(keys, Object.keys(keys)[0] ?? '');
    });
    assert.equal(verdict, 'malformed @root', String(index));
  }
});

test('a threshold is a positive integer, files are consistent, and revoked keys are a list of ids', () => {
  const thresholds = [0, -1, 0.5, '2', null].map((threshold) =>
    changed('root', (content) => {
      const role = (content['roles'] as { targets: JsonObject }).targets;
      role['threshold'] = threshold;
    }),
  );
  assert.deepEqual(new Set(thresholds), new Set(['malformed @root']));
  assert.equal(
    changed('root', (content) => (content['consistent_snapshot'] = false)),
    'malformed @root',
  );
  const lists = ['a', ['a'], [1], {}, Array(257).fill('a'.repeat(64)) as string[]];
  for (const list of lists)
    assert.equal(
      changed('root', (content) => (content['revoked_key_ids'] = list)),
      'malformed @root',
    );
  assert.equal(
    changed('root', (content) => (content['revoked_key_ids'] = ['a'.repeat(64)])),
    'accepted',
  );
});

test('JSON that two readers could read differently is none', () => {
  const text = FILES.timestamp.bytes.toString('utf8');
  const wrong = [
    text.replace('"version":1', '"version":2,"version":1'),
    `${text}x`,
    text.slice(0, -1),
    '<html>please sign in</html>',
    '',
    'null',
    '[]',
    '{}',
    `{"signed":${'['.repeat(1_000)}${']'.repeat(1_000)},"signatures":[]}`,
  ];
  for (const body of wrong)
    assert.equal(
      judged(() => readTimestamp(Buffer.from(body))),
      'malformed @timestamp',
      body.slice(0, 50),
    );
  assert.equal(
    judged(() => readTimestamp(Buffer.concat([FILES.timestamp.bytes, Buffer.from([0xff])]))),
    'malformed @timestamp',
  );
});

test('the same signature twice, or under a name that every object has, is refused', () => {
  const [signer] = repository.keys.timestamp.signers;
  assert.ok(signer !== undefined);
  const forms = [[signer, signer], [{ ...signer, id: '__proto__' }], [{ ...signer, id: 'constructor' }]];
  for (const signers of forms) {
    assert.equal(
      judged(() => readTimestamp(signed(signedOf('timestamp'), signers))),
      'malformed @timestamp',
    );
  }
});

test('metadata of one kind is not taken for another', () => {
  assert.equal(
    judged(() => readTimestamp(FILES.snapshot.bytes)),
    'malformed @timestamp',
  );
  assert.equal(
    judged(() => readRoot(FILES.targets.bytes)),
    'malformed @root',
  );
});

/** As many entries as fit, each of a form that the data model accepts: its time grows with their square. */
function junk(max: number, head: string, entry: (index: number) => string, tail: string): Buffer {
  const entries: string[] = [];
  let length = head.length + tail.length;
  for (let index = 0; ; index += 1) {
    const next = entry(index);
    length += next.length + 1;
    if (length > max) return Buffer.from(head + entries.join(',') + tail);
    entries.push(next);
  }
}

const COMMON = '"spec_version":"1.0.31","version":1,"expires":"2030-01-01T00:00:00Z"';
const JUNK: readonly { note: string; kind: Kind; bytes: Buffer; expected: string }[] = [
  {
    note: 'a root of keys',
    kind: 'root',
    bytes: junk(
      32 * 1024,
      `{"signed":{"_type":"root",${COMMON},"consistent_snapshot":true,"roles":{},"keys":{`,
      (index) => `"${index.toString(36)}":{"keytype":"","scheme":"","keyval":{}}`,
      '}},"signatures":[]}',
    ),
    expected: 'malformed @root',
  },
  {
    note: 'a root of roles',
    kind: 'root',
    bytes: junk(
      32 * 1024,
      `{"signed":{"_type":"root",${COMMON},"consistent_snapshot":true,"keys":{},"roles":{`,
      (index) => `"${index.toString(36)}":{"keyids":[],"threshold":1}`,
      '}},"signatures":[]}',
    ),
    expected: 'malformed @root',
  },
  {
    note: 'a root of members nobody knows',
    kind: 'root',
    bytes: junk(
      32 * 1024,
      `{"signed":{"_type":"root",${COMMON},`,
      (index) => `"${index.toString(36)}":0`,
      '},"signatures":[]}',
    ),
    expected: 'malformed @root',
  },
  {
    note: 'a root of signatures',
    kind: 'root',
    bytes: junk(
      32 * 1024,
      `{"signed":${JSON.stringify(signedOf('root'))},"signatures":[`,
      (index) => `{"keyid":"${index.toString(36)}","sig":""}`,
      ']}',
    ),
    expected: 'accepted',
  },
  {
    note: 'a root of escapes',
    kind: 'root',
    bytes: junk(32 * 1024, '{"signed":{', (index) => `"\\u0061${index}":[]`, '},"signatures":[]}'),
    expected: 'malformed @root',
  },
  {
    note: 'a snapshot of roles',
    kind: 'snapshot',
    bytes: junk(
      128 * 1024,
      `{"signed":{"_type":"snapshot",${COMMON},"meta":{`,
      (index) => `"${index.toString(36)}":{"version":1}`,
      '}},"signatures":[]}',
    ),
    expected: 'malformed @snapshot',
  },
  {
    note: 'targets',
    kind: 'targets',
    bytes: junk(
      128 * 1024,
      `{"signed":{"_type":"targets",${COMMON},"targets":{`,
      (index) => `"${index.toString(36)}":{"length":1,"hashes":{}}`,
      '}},"signatures":[]}',
    ),
    expected: 'malformed @targets',
  },
];

for (const { note, kind, bytes, expected } of JUNK) {
  test(`junk at the cap is judged within 50 ms: ${note}`, () => {
    const best = quickest(() =>
      assert.equal(
        judged(() => FILES[kind].read(bytes)),
        expected,
      ),
    );
    assert.ok(best < 50, `${best} ms`);
  });
}

test('a file over its cap is not parsed at all', () => {
  const caps = { root: 32, timestamp: 4, snapshot: 128, targets: 128 } as const;
  for (const kind of Object.keys(FILES) as Kind[]) {
    const bytes = Buffer.alloc(caps[kind] * 1024 + 1, ' ');
    FILES[kind].bytes.copy(bytes);
    assert.equal(
      judged(() => FILES[kind].read(bytes)),
      `too_large @${kind}`,
    );
    assert.equal(
      judged(() => FILES[kind].read(bytes.subarray(0, -1))),
      'accepted',
    );
  }
});

test('JSON that is no object is refused in words of ours', () => {
  for (const text of ['null', '3', '"timestamp"', 'true']) {
    assert.throws(() => readTimestamp(Buffer.from(text)), /which is a JSON object: is this a TUF repository\?/, text);
  }
});
