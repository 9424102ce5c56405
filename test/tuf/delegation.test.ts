import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTarget } from '../../src/tuf/delegation.ts';
import { consistentPath, isTargetPath, isTargetPattern } from '../../src/tuf/target-path.ts';
import { readTargets, type TargetsFile } from '../../src/tuf/targets-file.ts';
import { BUNDLE, type JsonObject, newSigners, packed, type Team, TufRepository } from '../support/tuf-repository.ts';
import { judged } from './judged.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const CONTENT = packed({});

function targetsFile(repository: TufRepository, role: string, version: number): TargetsFile {
  return readTargets(repository.file(`metadata/${version}.${role}.json`), role);
}

/** The role that a target was found in, after the roles that were asked for. */
function route(repository: TufRepository, path: string): string {
  const asked: string[] = [];
  const walk = findTarget(targetsFile(repository, 'targets', repository.versions.targets), path);
  let step = walk.next();
  while (step.done !== true) {
    asked.push(step.value.role);
    step = walk.next(targetsFile(repository, step.value.role, 1));
  }
  return [...asked, `in ${step.value.role}`].join(' ');
}

function repositoryWith(build: (repository: TufRepository) => void): TufRepository {
  const repository = new TufRepository(NOW);
  repository.publishRoot();
  build(repository);
  repository.publish();
  return repository;
}

test('a target of the top role needs no delegation, and one that nobody lists is none', () => {
  const repository = repositoryWith((made) => made.setTarget(BUNDLE, CONTENT));
  assert.equal(route(repository, BUNDLE), 'in targets');
  assert.equal(
    judged(() => route(repository, 'other.json.gz')),
    'no_such_target @targets',
  );
  for (const path of [
    'constructor',
    '__proto__',
    '../bundle.json.gz',
    '',
    '/bundle.json.gz',
    'a//b',
    'a%2fb',
    '.hidden',
  ]) {
    assert.equal(
      judged(() => route(repository, path)),
      'no_such_target @targets',
      path,
    );
  }
});

test("a team's target is found in the team's role, and only below what was delegated to it", () => {
  const repository = repositoryWith((made) => {
    made.setTarget('team-a/bundle.json.gz', CONTENT, made.addTeam('team-a'));
    made.setTarget('team-a/bundle.json.gz', CONTENT, made.addTeam('team-b'));
    made.setTarget('team-b/deep/bundle.json.gz', CONTENT, made.teams[1]);
  });
  assert.equal(route(repository, 'team-a/bundle.json.gz'), 'team-a in team-a');
  assert.equal(
    judged(() => route(repository, 'team-b/bundle.json.gz')),
    'no_such_target @targets',
  );
  assert.equal(
    judged(() => route(repository, 'team-b/deep/bundle.json.gz')),
    'no_such_target @targets',
  );
});

test('the first delegation that lists a target wins, and a terminating one ends the search', () => {
  const made = (terminating: boolean): TufRepository =>
    repositoryWith((repository) => {
      const first = repository.addTeam('first', { paths: ['x/*'], terminating });
      repository.addTeam('below', { paths: ['x/*'], terminating: false }, first);
      const second = repository.addTeam('second', { paths: ['x/*'] });
      repository.setTarget('x/b', CONTENT, second);
      repository.setTarget('x/a', CONTENT, first);
      repository.setTarget('x/a', packed({ other: true }), second);
    });
  assert.equal(route(made(false), 'x/a'), 'first in first');
  assert.equal(route(made(false), 'x/b'), 'first below second in second');
  assert.equal(
    judged(() => route(made(true), 'x/b')),
    'no_such_target @targets',
  );
});

test('a terminating delegation further down ends the search for everybody', () => {
  const made = (terminating: boolean): TufRepository =>
    repositoryWith((repository) => {
      const first = repository.addTeam('first', { paths: ['x/*'], terminating: false });
      repository.addTeam('below', { paths: ['x/*'], terminating }, first);
      repository.setTarget('x/a', CONTENT, repository.addTeam('second', { paths: ['x/*'] }));
    });
  assert.equal(route(made(false), 'x/a'), 'first below second in second');
  assert.equal(
    judged(() => route(made(true), 'x/a')),
    'no_such_target @targets',
  );
});

test('delegations may be eight deep, and a circle of them ends', () => {
  const chain = (length: number): TufRepository =>
    repositoryWith((repository) => {
      let team: Team | undefined;
      for (let index = 1; index <= length; index += 1) team = repository.addTeam(`d${index}`, { paths: ['x/*'] }, team);
      repository.setTarget('x/a', CONTENT, team);
    });
  assert.equal(route(chain(8), 'x/a'), 'd1 d2 d3 d4 d5 d6 d7 d8 in d8');
  assert.equal(
    judged(() => route(chain(9), 'x/a')),
    'no_such_target @targets',
  );
  const circle = repositoryWith((repository) => {
    const first = repository.addTeam('first', { paths: ['x/*'] });
    first.teams.push({ ...first, name: 'second', teams: [] });
    first.teams[0]?.teams.push({ ...first, teams: [] });
  });
  assert.equal(
    judged(() => route(circle, 'x/a')),
    'no_such_target @targets',
  );
});

test('no more than thirty-one delegated roles are asked for one target', () => {
  const wide = (before: number): TufRepository =>
    repositoryWith((repository) => {
      for (let index = 0; index < before; index += 1) {
        repository.addTeam(`w${index}`, { paths: ['x/*'], terminating: false });
      }
      repository.setTarget('x/a', CONTENT, repository.addTeam('last', { paths: ['x/*'] }));
    });
  assert.match(route(wide(30), 'x/a'), / w29 last in last$/);
  assert.equal(
    judged(() => route(wide(31), 'x/a')),
    'no_such_target @targets',
  );
});

test('a delegation is made by literals and one star in the last segment; whatever else a matcher knows is refused', () => {
  const safe = ['bundle.json.gz', 'team-a/*.json.gz', 'team-a/*', 'a/b/c', 'a/bundle-*.gz', '*'];
  const unsafe = [
    '!team-z/bundle.json',
    '**',
    'a/**',
    '*/a',
    '{a,b}',
    '@(a|b)',
    'a?',
    '[ab]',
    '#a',
    '',
    '/a',
    'a/',
    'a//b',
  ];
  const more = ['a/../b', '.a', 'a b', 'a\\b', 'ä', 'a/*.*', 'x'.repeat(257)];
  for (const pattern of safe) assert.ok(isTargetPattern(pattern), pattern);
  for (const pattern of [...unsafe, ...more]) {
    assert.ok(!isTargetPattern(pattern), pattern);
    const repository = repositoryWith((made) => made.addTeam('team-a', { paths: [pattern] }));
    assert.equal(
      judged(() => route(repository, 'a')),
      'malformed @targets',
      pattern,
    );
  }
});

test('a role has a name that is one thing as a file, a member and a word', () => {
  for (const name of ['a/b', '1', 'Team', '-a', 'a_b', '', 'a'.repeat(65), 'ä', 'root', 'targets']) {
    const repository = repositoryWith((made) => made.setTarget(BUNDLE, CONTENT));
    repository.addTeam(name);
    repository.publishTargets();
    assert.equal(
      judged(() => targetsFile(repository, 'targets', 2)),
      'malformed @targets',
      name,
    );
  }
});

test('delegated keys are held to the rules of root keys, and thresholds too', () => {
  const spoilt: ((delegations: { keys: JsonObject; roles: JsonObject[] }) => void)[] = [
    ({ keys }) => (keys['e'.repeat(64)] = Object.values(keys)[0] ?? null),
    ({ roles: [role] }) => role !== undefined && (role['threshold'] = 0.5),
    ({ roles: [role] }) => role !== undefined && (role['threshold'] = 0),
    ({ roles }) => roles.push({ ...roles[0] }),
    ({ roles: [role] }) => role !== undefined && (role['path_hash_prefixes'] = ['0']),
  ];
  for (const [index, spoil] of spoilt.entries()) {
    const repository = repositoryWith((made) => made.addTeam('team-a'));
    repository.publishTargets({ signed: (content) => spoil(content['delegations'] as never) });
    assert.equal(
      judged(() => targetsFile(repository, 'targets', 2)),
      'malformed @targets',
      String(index),
    );
  }
});

test('hash bins are found by the digest of the path, and their forms are held to rules as well', () => {
  const [signer] = newSigners(1);
  assert.ok(signer !== undefined);
  const withDelegations = (delegations: JsonObject): Buffer => {
    const repository = repositoryWith((made) => made.setTarget(BUNDLE, CONTENT));
    return repository.publishTargets({
      signed: (content) => (content['delegations'] = { keys: { [signer.id]: signer.key }, ...delegations }),
    });
  };
  const bins = { keyids: [signer.id], threshold: 1, bit_length: 4, name_prefix: 'bin' };
  const asked = (bytes: Buffer): unknown =>
    findTarget(readTargets(bytes, 'targets'), 'team-a/bundle.json.gz').next().value;
  const binned = asked(withDelegations({ succinct_roles: bins }));
  assert.match((binned as { role: string }).role, /^bin-[0-9a-f]$/);
  for (const wrong of [{ bit_length: 1.5 }, { bit_length: 33 }, { name_prefix: 'B' }, { threshold: 0.5 }]) {
    const bytes = withDelegations({ succinct_roles: { ...bins, ...wrong } });
    assert.equal(
      judged(() => readTargets(bytes, 'targets')),
      'malformed @targets',
      JSON.stringify(wrong),
    );
  }
  const role = { name: 'half', keyids: [signer.id], threshold: 1, terminating: true };
  assert.equal(
    judged(() => readTargets(withDelegations({ succinct_roles: bins, roles: [role] }), 'targets')),
    'malformed @targets',
  );
  const every = '0123456789abcdef'.split('');
  const prefixed = asked(withDelegations({ roles: [{ ...role, path_hash_prefixes: every }] }));
  assert.equal((prefixed as { role: string }).role, 'half');
  for (const prefix of ['', 'A', 'zz']) {
    const bytes = withDelegations({ roles: [{ ...role, path_hash_prefixes: [prefix] }] });
    assert.equal(
      judged(() => readTargets(bytes, 'targets')),
      'malformed @targets',
      prefix,
    );
  }
});

test('a target listed without its sha256 is not looked for', () => {
  for (const hashes of [{}, { sha512: 'a'.repeat(128) }, { sha256: 'short' }]) {
    const repository = repositoryWith((made) => made.setTarget(BUNDLE, CONTENT));
    repository.publishTargets({ signed: (content) => (content['targets'] = { [BUNDLE]: { length: 5, hashes } }) });
    assert.equal(
      judged(() => route(repository, BUNDLE)),
      'malformed @targets',
    );
  }
});

test('a target lies by its content, below its own directory', () => {
  assert.equal(consistentPath('bundle.json.gz', 'ab'), 'ab.bundle.json.gz');
  assert.equal(consistentPath('team-a/x/bundle.json.gz', 'ab'), 'team-a/x/ab.bundle.json.gz');
  assert.ok(isTargetPath('team-a/bundle.json.gz') && !isTargetPath('team-a/*.json.gz') && !isTargetPath('a/'));
});
