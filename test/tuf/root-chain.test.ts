import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followStored, nextRoot, type StoredRoots } from '../../src/tuf/root-chain.ts';
import { newSigner, newSigners, TufRepository } from '../support/tuf-repository.ts';
import { judged, quickest } from './judged.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');

function rootsOf(repository: TufRepository): StoredRoots {
  return (version) => repository.files.get(`metadata/${version}.root.json`) ?? null;
}

const none: StoredRoots = () => null;

/** Version and epoch of the last root that is reached. */
function reached(repository: TufRepository, stored: StoredRoots, pinned = repository.pinnedRoot): string {
  const { root, broken } = followStored(pinned, stored);
  return `${root.file.version} since ${root.epoch}${broken === null ? '' : `, then ${broken.code}`}`;
}

test('the pinned root is trusted if it has signed itself, and every next one through the one before', () => {
  const repository = TufRepository.published(NOW);
  assert.equal(reached(repository, none), '1 since 1');
  repository.rotate({ root: { signers: newSigners(3), threshold: 2 } });
  repository.rotate({
    root: { signers: newSigners(5), threshold: 3 },
    timestamp: { signers: newSigners(1), threshold: 1 },
  });
  assert.equal(reached(repository, rootsOf(repository)), '3 since 1');
  const unsigned = TufRepository.published(NOW);
  unsigned.publishRoot({ signers: unsigned.keys.root.signers.slice(0, 1) });
  assert.equal(
    judged(() => followStored(unsigned.file('metadata/2.root.json'), none)),
    'bad_signature @root',
  );
});

test('the next root is one higher, signed by the old keys and by its own, each as often as they demand', () => {
  const pinned = (repository: TufRepository) => followStored(repository.pinnedRoot, none).root;
  const verdict = (spoil: (repository: TufRepository) => Buffer): string => {
    const repository = TufRepository.published(NOW);
    const root = pinned(repository);
    return judged(() => nextRoot(root, spoil(repository)));
  };
  const fresh = { signers: newSigners(3), threshold: 2 };
  const rotated = { root: fresh };
  assert.equal(
    verdict((repository) => repository.rotate(rotated)),
    'accepted',
  );
  const cases: Record<string, (repository: TufRepository) => Buffer> = {
    'one old signature of two': (repository) =>
      repository.publishRoot({ before: repository.keys.root.signers.slice(0, 1), signers: fresh.signers }),
    'no old signature': (repository) => {
      repository.keys.root = fresh;
      return repository.publishRoot();
    },
    'one new signature of two': (repository) => {
      const before = repository.keys.root.signers;
      repository.keys.root = fresh;
      return repository.publishRoot({ before, signers: fresh.signers.slice(0, 1) });
    },
    'unknown keys': (repository) => repository.publishRoot({ signers: newSigners(3) }),
    'a changed byte': (repository) =>
      repository.publishRoot({
        bytes: (bytes) => Buffer.from(bytes.toString().replace('"threshold":2', '"threshold":1')),
      }),
  };
  for (const [note, spoil] of Object.entries(cases)) assert.equal(verdict(spoil), 'bad_signature @root', note);
  assert.equal(
    verdict((repository) => repository.pinnedRoot),
    'rollback @root',
    'the same version',
  );
  const skipping = verdict((repository) => {
    repository.publishRoot();
    return repository.publishRoot();
  });
  assert.equal(skipping, 'rollback @root', 'a version skipped');
});

test('a torn or planted row ends the chain there and is reported; what follows it is not looked at', () => {
  const repository = TufRepository.published(NOW);
  for (let index = 0; index < 3; index += 1) repository.publishRoot();
  const stored = rootsOf(repository);
  const hostile = TufRepository.published(NOW);
  hostile.publishRoot();
  const rows: Record<string, Buffer> = {
    malformed: repository.file('metadata/3.root.json').subarray(0, 500),
    bad_signature: hostile.file('metadata/2.root.json'),
    rollback: repository.file('metadata/2.root.json'),
    too_large: Buffer.alloc(33 * 1024),
  };
  for (const [code, row] of Object.entries(rows)) {
    assert.equal(
      reached(repository, (version) => (version === 3 ? row : stored(version))),
      `2 since 1, then ${code}`,
    );
  }
  assert.equal(
    reached(repository, (version) => (version === 3 ? null : stored(version))),
    '2 since 1',
  );
});

test('an epoch begins when other keys sign policy, and with no other change', () => {
  const repository = TufRepository.published(NOW);
  repository.rotate({ snapshot: { signers: newSigners(1), threshold: 1 } });
  assert.equal(reached(repository, rootsOf(repository)), '2 since 1');
  repository.rotate({ targets: { signers: newSigners(1), threshold: 1 } });
  repository.publishRoot();
  assert.equal(reached(repository, rootsOf(repository)), '4 since 3');
  repository.rotate({ targets: { signers: [...repository.keys.targets.signers, newSigner()], threshold: 1 } });
  assert.equal(reached(repository, rootsOf(repository)), '5 since 5');
});

test('pinning a newer root begins no epoch while the older ones are stored', () => {
  const repository = TufRepository.published(NOW);
  repository.rotate({ targets: { signers: newSigners(1), threshold: 1 } });
  for (let index = 0; index < 3; index += 1) repository.publishRoot();
  const stored = rootsOf(repository);
  const pinned = repository.file('metadata/4.root.json');
  assert.equal(reached(repository, stored, pinned), '5 since 2');
  assert.equal(
    reached(repository, (version) => (version < 4 ? null : stored(version)), pinned),
    '5 since 4',
  );
  const torn = (version: number): Uint8Array | null => (version === 3 ? Buffer.from('{') : stored(version));
  assert.equal(reached(repository, torn, pinned), '5 since 4');
});

test('the chain can be followed up to a version', () => {
  const repository = TufRepository.published(NOW);
  for (let index = 0; index < 3; index += 1) repository.publishRoot();
  assert.equal(followStored(repository.pinnedRoot, rootsOf(repository), 2).root.file.version, 2);
});

test('a junk root that claims the signatures of trusted keys costs little time', () => {
  const repository = TufRepository.published(NOW);
  const { root } = followStored(repository.pinnedRoot, none);
  const junk = repository.publishRoot({
    signed: (content) => {
      for (let index = 0; index < 3_300; index += 1) content[index.toString(36)] = 0;
    },
    bytes: (bytes) => Buffer.from(bytes.toString().replace('"version":2', '"version":3')),
  });
  assert.ok(junk.length > 24_000 && junk.length < 32 * 1024, String(junk.length));
  const best = quickest(() =>
    assert.equal(
      judged(() => nextRoot(root, junk)),
      'bad_signature @root',
    ),
  );
  assert.ok(best < 50, `${best} ms`);
});
