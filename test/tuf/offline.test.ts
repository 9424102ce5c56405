import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OfflineVerification, type StoredPublication, verifyOffline } from '../../src/tuf/offline.ts';
import { BUNDLE, bundleDocument, newSigners, packed, type Team, TufRepository } from '../support/tuf-repository.ts';
import { judged } from './judged.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');

function stored(repository: TufRepository, path = BUNDLE, team?: Team): StoredPublication {
  const { versions } = repository;
  const roles = new Map([['targets', repository.file(`metadata/${versions.targets}.targets.json`)]]);
  if (team !== undefined) roles.set(team.name, repository.file(`metadata/${team.version}.${team.name}.json`));
  return {
    rootVersion: versions.root,
    timestamp: repository.file('metadata/timestamp.json'),
    snapshot: repository.file(`metadata/${versions.snapshot}.snapshot.json`),
    roles,
    path,
    target: (team?.targets ?? repository.targets).get(path) ?? Buffer.alloc(0),
  };
}

function verify(repository: TufRepository, publication: StoredPublication): OfflineVerification {
  const roots = (version: number): Buffer | null => repository.files.get(`metadata/${version}.root.json`) ?? null;
  return verifyOffline(repository.pinnedRoot, roots, publication);
}

test('what is stored is verified again without network and clock, however long ago it expired', () => {
  const repository = TufRepository.published(NOW - 20 * 365 * 86_400_000);
  const verified = verify(repository, stored(repository));
  assert.equal(verified.issuedAt, repository.now);
  assert.equal(verified.epoch, 1);
  assert.equal(verified.target.role, 'targets');
  assert.deepEqual([verified.superseded, verified.broken, verified.newestRoot.file.version], [false, null, 1]);
});

test("a team's bundle is verified through its delegation", () => {
  const repository = new TufRepository(NOW);
  repository.publishRoot();
  const team = repository.addTeam('team-a');
  repository.setTarget('team-a/bundle.json.gz', packed(bundleDocument(1, NOW)), team);
  repository.publish();
  const publication = stored(repository, 'team-a/bundle.json.gz', team);
  assert.equal(verify(repository, publication).target.role, 'team-a');
  const lost = { ...publication, roles: new Map([...publication.roles].slice(0, 1)) };
  assert.equal(
    judged(() => verify(repository, lost)),
    'absent @team-a',
  );
});

test('an edited row of any kind is found', () => {
  const repository = TufRepository.published(NOW);
  const first = stored(repository);
  repository.now += 3_600_000;
  repository.publishBundle();
  const second = stored(repository);
  const roles = (of: StoredPublication): StoredPublication['roles'] => of.roles;
  const cases: Record<string, { readonly edit: Partial<StoredPublication>; readonly expected: string }> = {
    'another target': { edit: { target: first.target }, expected: 'target_mismatch @target' },
    'a cut target': { edit: { target: second.target.subarray(0, -1) }, expected: 'target_mismatch @target' },
    'an older snapshot': { edit: { snapshot: first.snapshot }, expected: 'mix_and_match @snapshot' },
    'older targets': { edit: { roles: roles(first) }, expected: 'mix_and_match @targets' },
    'an older timestamp': { edit: { timestamp: first.timestamp }, expected: 'mix_and_match @snapshot' },
    'another path': { edit: { path: 'other.json.gz' }, expected: 'no_such_target @targets' },
    'a torn timestamp': { edit: { timestamp: second.timestamp.subarray(0, 90) }, expected: 'malformed @timestamp' },
    'no targets': { edit: { roles: new Map() }, expected: 'absent @targets' },
    'a root that is not there': { edit: { rootVersion: 2 }, expected: 'absent @root' },
  };
  assert.equal(
    judged(() => verify(repository, second)),
    'accepted',
  );
  for (const [note, { edit, expected }] of Object.entries(cases)) {
    assert.equal(
      judged(() => verify(repository, { ...second, ...edit })),
      expected,
      note,
    );
  }
});

test('another pinned root, or a torn one on the way, vouches for nothing', () => {
  const repository = TufRepository.published(NOW);
  const publication = stored(repository);
  const other = TufRepository.published(NOW);
  const none = (): null => null;
  assert.equal(
    judged(() => verifyOffline(other.pinnedRoot, none, publication)),
    'bad_signature @timestamp',
  );
  repository.publishRoot();
  repository.publishRoot();
  repository.publish();
  const torn = (version: number): Uint8Array | null =>
    version === 2 ? Buffer.from('{"torn') : (repository.files.get(`metadata/${version}.root.json`) ?? null);
  assert.equal(
    judged(() => verifyOffline(repository.pinnedRoot, torn, stored(repository))),
    'malformed @root',
  );
});

test('keys that were replaced after the bundle came supersede it, and it still verifies by its own root', () => {
  const role = (): { signers: ReturnType<typeof newSigners>; threshold: number } => ({
    signers: newSigners(1),
    threshold: 1,
  });
  for (const rotated of ['targets', 'snapshot', 'timestamp'] as const) {
    const repository = TufRepository.published(NOW);
    const publication = stored(repository);
    repository.rotate({ [rotated]: role() });
    const verified = verify(repository, publication);
    assert.deepEqual([verified.superseded, verified.epoch, verified.newestRoot.file.version], [true, 1, 2], rotated);
  }
  const repository = TufRepository.published(NOW);
  const publication = stored(repository);
  repository.rotate({ root: { signers: newSigners(3), threshold: 2 } });
  assert.equal(verify(repository, publication).superseded, false);
});

test('a bundle that rests on a revoked key is not served, by whatever root it was verified', () => {
  const repository = TufRepository.published(NOW);
  const publication = stored(repository);
  const [stolen] = repository.keys.targets.signers;
  assert.ok(stolen !== undefined);
  repository.revoked = [stolen.id];
  repository.rotate({ targets: { signers: newSigners(1), threshold: 1 } });
  assert.equal(
    judged(() => verify(repository, publication)),
    'bad_signature @targets',
  );
  // one that another key has signed as well stands on that one
  const both = TufRepository.published(NOW);
  both.keys.targets = { signers: newSigners(2), threshold: 1 };
  both.rotate({});
  both.publishBundle();
  const signedTwice = stored(both);
  both.revoked = both.keys.targets.signers.slice(0, 1).map((signer) => signer.id);
  both.rotate({ targets: { signers: newSigners(1), threshold: 1 } });
  assert.equal(
    judged(() => verify(both, signedTwice)),
    'accepted',
  );
});

test("a team's revoked key ends its bundle, although the root never listed it", () => {
  const repository = new TufRepository(NOW);
  repository.publishRoot();
  const team = repository.addTeam('team-a');
  repository.setTarget('team-a/bundle.json.gz', packed(bundleDocument(1, NOW)), team);
  repository.publish();
  const publication = stored(repository, 'team-a/bundle.json.gz', team);
  repository.revoked = team.keys.signers.map((signer) => signer.id);
  repository.publishRoot();
  assert.equal(
    judged(() => verify(repository, publication)),
    'bad_signature @team-a',
  );
});

test('a revoked online key ends no bundle: it never vouched for what is in one', () => {
  const repository = TufRepository.published(NOW);
  const publication = stored(repository);
  repository.revoked = repository.keys.timestamp.signers.map((signer) => signer.id);
  repository.rotate({ timestamp: { signers: newSigners(1), threshold: 1 } });
  assert.equal(verify(repository, publication).superseded, true);
});

test('a newer pinned root verifies what an older one brought, if its keys are still the same', () => {
  const repository = TufRepository.published(NOW);
  const publication = stored(repository);
  repository.publishRoot();
  const pinned = repository.file('metadata/2.root.json');
  const roots = (version: number): Buffer | null => repository.files.get(`metadata/${version}.root.json`) ?? null;
  assert.deepEqual(verifyOffline(pinned, roots, publication).epoch, 1);
  repository.rotate({ targets: { signers: newSigners(1), threshold: 1 } });
  const rotated = repository.file('metadata/3.root.json');
  assert.equal(
    judged(() => verifyOffline(rotated, roots, publication)),
    'bad_signature @targets',
  );
});
