import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { createFileSource } from '../../../src/sources/file/source.ts';
import { verifyStoredFile } from '../../../src/sources/file/verify-stored.ts';
import type { BundleHeader } from '../../../src/store/bundle-rows.ts';
import { bundleAllowing, digestOfFile, type FileStage, fileStage, fileStageWith } from '../../support/file-stage.ts';
import { signedEnvelope, signingKey } from '../../support/signed-envelope.ts';
import { tempDirectory } from '../../support/temp-tree.ts';

/** The names that the serving policy allows. */
function serving({ compilations }: Pick<FileStage, 'compilations'>): readonly string[] {
  return compilations.at(-1)?.listing.flatMap((rule) => rule.resources) ?? ['nothing'];
}

function header(stage: FileStage): BundleHeader {
  const active = stage.store.active();
  assert.ok(active.kind === 'active');
  return active.header;
}

/** `stage code` of the failure that a run ended with, as the status shows it too. */
async function failure(stage: FileStage): Promise<string> {
  const outcome = await stage.sync();
  assert.ok(outcome.kind === 'failed', JSON.stringify(outcome));
  const { state, last_error: last } = stage.source.status();
  assert.equal(state, 'failing');
  assert.ok(!/[\n\r]/.test(last?.message ?? '\n'));
  assert.deepEqual([last?.stage, last?.code], [outcome.failure.stage, outcome.failure.code]);
  return `${outcome.failure.stage} ${outcome.failure.code}`;
}

async function servingOne(t: TestContext): Promise<FileStage> {
  const stage = fileStage(t);
  stage.put(bundleAllowing('a.example.com'));
  assert.equal((await stage.sync()).kind, 'ok');
  return stage;
}

test('a bundle file is read, activated and served, with its terms, its digest and epoch 0', async (t) => {
  const stage = fileStage(t);
  const text = bundleAllowing('a.example.com', { support_message: 'ask us', change: { by: 'ann' } });
  stage.put(text);
  const outcome = await stage.sync();
  assert.deepEqual(outcome, {
    ...{ kind: 'ok', result: 'activated', revision: '7', generation: 1, heldPolicies: [], followUpMs: null },
  });
  assert.deepEqual(serving(stage), ['a.example.com']);
  const { source, org, origin, terms } = header(stage);
  assert.deepEqual(
    [source, org, origin],
    ['file', 'acme', { digest: digestOfFile(text), epoch: 0, rootVersion: null }],
  );
  assert.deepEqual([terms?.supportMessage, terms?.change, terms?.governed], ['ask us', { by: 'ann' }, ['network']]);
  const status = stage.source.status();
  assert.deepEqual([status.type, status.state, status.last_success], ['file', 'ok', '2026-06-01T12:00:00.000Z']);
  assert.deepEqual(status.details, { path: stage.path, signed_by: null });
  assert.deepEqual(stage.store.lastSync(), { completedAt: stage.clock.now(), verifiedTime: null, confirmedAt: null });
});

test('the same file is no change, and a new revision is one', async (t) => {
  const stage = await servingOne(t);
  const again = await stage.sync();
  assert.ok(again.kind === 'ok' && again.result === 'unchanged' && again.generation === 1);
  stage.put(bundleAllowing('b.example.com', { revision: '8' }));
  const next = await stage.sync();
  assert.ok(next.kind === 'ok' && next.result === 'activated' && next.revision === '8');
  assert.deepEqual(serving(stage), ['b.example.com']);
});

test('a new start over the same file changes nothing, and one after a reset takes it again', async (t) => {
  const stage = await servingOne(t);
  await stage.activator.reset(() => undefined);
  assert.deepEqual(serving(stage), []);
  assert.equal((await stage.sync()).kind, 'ok');
  assert.deepEqual(serving(stage), ['a.example.com'], 'the bytes were known, and their policies are read again');
});

describe('what is wrong with a bundle file changes nothing that serves', () => {
  const OTHER = bundleAllowing('b.example.com', { revision: '8' });
  const cases: readonly (readonly [string, string, (stage: FileStage) => void])[] = [
    ['it is missing', 'fetch file_unreadable', ({ path }) => rmSync(path)],
    ['it is empty', 'verify invalid_bundle', ({ put }) => put('')],
    ['it breaks off', 'verify invalid_bundle', ({ put }) => put(OTHER.slice(0, -20))],
    ['it is a page of HTML', 'verify invalid_bundle', ({ put }) => put('<html><body>log in</body></html>')],
    ['it belongs to another organisation', 'verify other_org', ({ put }) => put(bundleAllowing('b', { org: 'other' }))],
    ['it has an unknown member', 'verify unknown_member', ({ put }) => put(bundleAllowing('b', { extra: 1 }))],
    [
      'it requires what is not there',
      'verify unknown_feature',
      ({ put }) => put(bundleAllowing('b', { requires: ['x'] })),
    ],
    [
      'it is for a newer version',
      'verify version_too_low',
      ({ put }) => put(bundleAllowing('b', { min_version: '9.0.0' })),
    ],
    [
      'a test in it fails',
      'verify failing_test',
      ({ put }) =>
        put(
          bundleAllowing('b.example.com', {
            revision: '8',
            tests: [{ request: { action: 'connect:tcp', host: 'b.example.com', port: 1 }, expect: 'deny' }],
          }),
        ),
    ],
    [
      'it has ended',
      'verify expired_bundle',
      ({ put }) =>
        put(
          bundleAllowing('b', { revision: '8', issued_at: '2026-01-01T00:00:00Z', expires_at: '2026-06-01T12:00:00Z' }),
        ),
    ],
    [
      'it is an older revision',
      'verify rollback',
      ({ put }) => put(bundleAllowing('b.example.com', { revision: '6' })),
    ],
    [
      'it is the same revision with another content',
      'verify rollback',
      ({ put }) => put(bundleAllowing('b.example.com')),
    ],
    [
      'it is a link',
      'fetch file_unreadable',
      ({ path, root }) => {
        writeFileSync(join(root, 'other.json'), OTHER);
        rmSync(path);
        symlinkSync('other.json', path);
      },
    ],
    [
      'others may write it',
      'fetch file_unreadable',
      ({ path, put }) => {
        put(OTHER);
        chmodSync(path, 0o666);
      },
    ],
    [
      'others may write its directory',
      'fetch file_unreadable',
      ({ root, put }) => {
        put(OTHER);
        chmodSync(root, 0o777);
      },
    ],
    [
      'it is a directory',
      'fetch file_unreadable',
      ({ path }) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
    [
      'it is a FIFO',
      'fetch file_unreadable',
      ({ path }) => {
        rmSync(path);
        execFileSync('mkfifo', [path]);
      },
    ],
  ];
  for (const [what, expected, spoil] of cases) {
    it(what, async (t) => {
      const stage = await servingOne(t);
      spoil(stage);
      assert.equal(await failure(stage), expected);
      assert.deepEqual(serving(stage), ['a.example.com']);
      assert.equal(stage.source.status().last_success, '2026-06-01T12:00:00.000Z', 'the last one that was taken');
      rmSync(stage.path, { recursive: true, force: true });
      chmodSync(stage.root, 0o700);
      stage.put(bundleAllowing('c.example.com', { revision: '9' }));
      assert.equal((await stage.sync()).kind, 'ok', 'the next good one is taken');
      assert.deepEqual(serving(stage), ['c.example.com']);
      assert.equal(stage.source.status().last_error, null);
    });
  }

  it('it belongs to somebody else', {
    skip: process.geteuid?.() !== 0 ? 'only root gives files away' : false,
  }, async (t) => {
    const stage = await servingOne(t);
    stage.put(OTHER);
    chownSync(stage.path, 12_345, 12_345);
    assert.equal(await failure(stage), 'fetch file_unreadable');
    assert.deepEqual(serving(stage), ['a.example.com']);
  });

  it('it ends while it serves', async (t) => {
    const stage = await servingOne(t);
    stage.clock.jump(31 * 86_400_000);
    assert.equal(await failure(stage), 'verify expired_bundle');
  });
});

describe('where public keys are configured', () => {
  const [key, other] = [signingKey(), signingKey()];
  const DOCUMENT = Buffer.from(bundleAllowing('a.example.com'));
  const signed = (...keys: Parameters<typeof signedEnvelope>[1]): string =>
    JSON.stringify(signedEnvelope(DOCUMENT, keys));

  it('a file that one of them signed is taken, and its time of issue is a verified one', async (t) => {
    const stage = fileStage(t, { publicKeys: [other.pem, key.pem] });
    stage.put(signed(key));
    assert.equal((await stage.sync()).kind, 'ok');
    assert.deepEqual(serving(stage), ['a.example.com']);
    assert.deepEqual(header(stage).origin, {
      digest: digestOfFile(DOCUMENT),
      epoch: 0,
      rootVersion: null,
      signer: key.id,
    });
    assert.equal(stage.store.lastSync()?.verifiedTime, Date.parse('2026-06-01T12:00:00Z'));
    assert.equal(stage.source.status().details['signed_by'], key.id);
  });

  it('a time of issue that lies ahead is no verified one', async (t) => {
    for (const [issued, verified] of [
      ['2026-06-01T12:05:00Z', true],
      ['2026-06-01T12:05:01Z', false],
    ] as const) {
      const stage = fileStage(t, { publicKeys: [key.pem] });
      const document = Buffer.from(bundleAllowing('a.example.com', { issued_at: issued }));
      stage.put(JSON.stringify(signedEnvelope(document, [key])));
      assert.equal((await stage.sync()).kind, 'ok');
      assert.equal(stage.store.lastSync()?.verifiedTime ?? null, verified ? Date.parse(issued) : null);
    }
  });

  it('nothing else is', async (t) => {
    const type = 'application/vnd.in-toto+json';
    const cases: readonly (readonly [string, string])[] = [
      [DOCUMENT.toString(), 'verify not_signed'],
      ['', 'verify not_signed'],
      [JSON.stringify(signedEnvelope(DOCUMENT, [key], type)), 'verify not_signed'],
      [
        JSON.stringify({ ...signedEnvelope(DOCUMENT, [key], type), payloadType: 'application/vnd.reeve.bundle+json' }),
        'verify bad_signature',
      ],
      [signed(other), 'verify bad_signature'],
      [JSON.stringify({ ...signedEnvelope(DOCUMENT, [other]), keyid: key.id }), 'verify bad_signature'],
      [JSON.stringify(signedEnvelope(Buffer.from('{}'), [key])), 'verify invalid_bundle'],
    ];
    for (const [content, expected] of cases) {
      const stage = fileStage(t, { publicKeys: [key.pem] });
      stage.put(content);
      assert.equal(await failure(stage), expected);
      assert.equal(stage.store.active().kind, 'none');
    }
  });

  it('a signed file is no bundle for a machine that was given no keys', async (t) => {
    const stage = fileStage(t);
    stage.put(signed(key));
    assert.equal(await failure(stage), 'verify unknown_member');
  });

  it('a key that is none is found before anything starts', (t) => {
    const stage = fileStage(t);
    const { store, clock } = stage;
    const parts = { store, clock, random: () => 0.5, hostId: 'h', bundleIntervalMs: () => null, version: '1.0.0' };
    const config = { org: 'acme', path: stage.path, owners: [0], publicKeys: [key.pem, 'no key'] };
    const create = () =>
      createFileSource({ ...parts, config, onPolicies: (bundle) => stage.activator.activate(bundle) });
    assert.throws(create, { code: 'invalid_key', message: /^`source\.public_keys\.1` is no Ed25519 public key/ });
  });

  it('the same bundle in another envelope is the same bundle, and is known by who signed it last', async (t) => {
    const stage = fileStage(t, { publicKeys: [key.pem, other.pem] });
    const results: unknown[] = [];
    // the last two have the same signer, by different signatures in the file
    for (const keys of [[key], [other], [other, signingKey()]]) {
      stage.put(signed(...keys));
      const outcome = await stage.sync();
      results.push([outcome.kind === 'ok' && outcome.result, header(stage).origin?.signer]);
    }
    assert.deepEqual(results, [
      ['activated', key.id],
      ['activated', other.id],
      ['unchanged', other.id],
    ]);
    stage.put(JSON.stringify(signedEnvelope(Buffer.from(bundleAllowing('b.example.com')), [key])));
    assert.equal(await failure(stage), 'verify rollback');
  });

  it('a stored bundle serves only as long as its key is named', async (t) => {
    const stage = fileStage(t, { publicKeys: [key.pem] });
    stage.put(signed(key));
    await stage.sync();
    const verdict = (publicKeys: readonly string[] | null): string =>
      verifyStoredFile({ org: 'acme', path: stage.path, owners: [0], publicKeys }, header(stage)).kind;
    assert.equal(verdict([other.pem, key.pem]), 'verified');
    assert.equal(verdict([other.pem]), 'refused');
    assert.equal(verdict(null), 'verified');
    const plain = await servingOne(t);
    const config = { org: 'acme', path: plain.path, owners: [0], publicKeys: [key.pem] };
    assert.equal(verifyStoredFile(config, header(plain)).kind, 'refused');
  });
});

describe('a bundle file is watched', () => {
  /** With real time and real events; resolves once the policy allows that name alone. */
  async function until(stage: Pick<FileStage, 'compilations'>, name: string): Promise<void> {
    const deadline = Date.now() + 5_000;
    while (serving(stage).join(' ') !== name) {
      assert.ok(Date.now() < deadline, `${name} did not arrive: ${serving(stage).join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  // long enough that no poll can be what finds it
  const start = (t: TestContext) => {
    const stage = fileStageWith(t, { clock: systemClock, config: { intervalMs: 3_600_000 } });
    const year = { issued_at: '2026-06-01T12:00:00Z', expires_at: '2126-06-01T12:00:00Z' };
    const put = (name: string, revision: number): void =>
      stage.put(bundleAllowing(name, { ...year, revision: String(revision) }));
    return { ...stage, put };
  };

  it('one that replaces it is taken at once, and one written in its place too', async (t) => {
    const stage = start(t);
    stage.put('a.example.com', 1);
    stage.source.start();
    await until(stage, 'a.example.com');
    stage.put('b.example.com', 2);
    await until(stage, 'b.example.com');
    const year = { expires_at: '2126-06-01T12:00:00Z', revision: '3' };
    writeFileSync(stage.path, bundleAllowing('c.example.com', year));
    await until(stage, 'c.example.com');
  });

  it('one that comes later, in a directory that was not there, is taken', async (t) => {
    const directory = join(tempDirectory(t), 'later');
    const stage = fileStageWith(t, {
      clock: systemClock,
      config: { path: join(directory, 'bundle.json'), intervalMs: 1_000 },
    });
    stage.source.start();
    assert.equal((await stage.sync()).kind, 'failed');
    mkdirSync(directory);
    writeFileSync(join(directory, 'new'), bundleAllowing('a.example.com', { expires_at: '2126-06-01T12:00:00Z' }));
    renameSync(join(directory, 'new'), join(directory, 'bundle.json'));
    await until(stage, 'a.example.com');
  });

  it('closing ends it all, twice as well', async (t) => {
    const stage = start(t);
    stage.put('a.example.com', 1);
    stage.source.start();
    await until(stage, 'a.example.com');
    await stage.source.close();
    await stage.source.close();
    stage.put('b.example.com', 2);
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.deepEqual(serving(stage), ['a.example.com']);
    assert.equal(stage.source.status().state, 'closed');
  });
});

test('without events a poll finds it: every minute, or as the configuration says', async (t) => {
  const stage = fileStage(t);
  stage.put(bundleAllowing('a.example.com'));
  stage.source.start();
  const settled = async (): Promise<void> => {
    do await new Promise((resolve) => setTimeout(resolve, 5));
    while (stage.source.status().next_attempt === null);
  };
  await stage.clock.advanceSlowly(1, settled);
  assert.deepEqual(serving(stage), ['a.example.com']);
  const next = Date.parse(stage.source.status().next_attempt ?? '') - stage.clock.now();
  assert.ok(next >= 54_000 && next <= 66_000, String(next));
});
