import { gzipSync } from 'node:zlib';
import {
  BUNDLE,
  bundleDocument,
  type JsonObject,
  newSigner,
  newSigners,
  packed,
  type RoleKeys,
  sha256,
  signed,
  TufRepository,
  utc,
} from '../../support/tuf-repository.ts';
import { type Intercept, NOW } from '../../support/tuf-stage.ts';
import type { Attacked, ClientOptions } from './clients.ts';

/** What a repository or a network does to a client, and what both clients make of it. */
export interface Attack extends ClientOptions {
  readonly name: string;
  /** The first poll is the attacked one; otherwise the client holds a good publication already. */
  readonly fresh?: boolean;
  readonly attack: (attacked: Attacked) => void | Promise<void>;
  /** `accepted` or `code @role`. */
  readonly ours: string;
  /** `accepted`, `undefined` for a target that is not there, or the class of the error. */
  readonly theirs: string;
  /** Only where one accepts what the other refuses: why that is right. */
  readonly why?: string;
  /** What an honest publisher and a repaired network do afterwards; by default the next bundle is published. */
  readonly heal?: (attacked: Attacked) => void;
  /** Where the damage is for good, as the case means it. */
  readonly heals?: { readonly ours?: string; readonly theirs?: string };
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Every request for a path that matches is answered so; the others as usual. */
function on(pattern: RegExp, answer: Intercept): (attacked: Attacked) => void {
  return ({ served }) => {
    served.intercept = (path, request, response) => pattern.test(path) && answer(path, request, response);
  };
}

const status =
  (code: number, headers: Record<string, string> = {}): Intercept =>
  (_path, _request, response) => {
    response.writeHead(code, headers).end('<html>somebody else</html>');
    return true;
  };

const endless: Intercept = (_path, _request, response) => {
  const more = (): void => {
    if (!response.destroyed) response.write('x'.repeat(16_384), () => setImmediate(more));
  };
  more();
  return true;
};

const drip: Intercept = (_path, _request, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
  return true;
};

const body =
  (change: (bytes: Buffer) => Buffer, headers: Record<string, string> = {}) =>
  ({ served, repository }: Attacked, pattern: RegExp): void => {
    served.intercept = (path, _request, response) => {
      const bytes = pattern.test(path) ? repository.files.get(path) : undefined;
      if (bytes === undefined) return false;
      response.writeHead(200, headers).end(change(bytes));
      return true;
    };
  };

const oneRole = (count = 1, threshold = 1): RoleKeys => ({ signers: newSigners(count), threshold });

/** A byte of the content is another one; the length stays. */
const altered = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes);
  const at = copy.length >> 1;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

function nextBundle({ repository, clock }: Attacked): void {
  repository.now = clock.now();
  repository.publishBundle();
}

const hourLater = ({ clock, repository }: Attacked): void => {
  clock.jump(HOUR);
  repository.now = clock.now();
};

export const ATTACKS: readonly Attack[] = [
  // Freshness.
  {
    name: 'the server is frozen until the timestamp has expired',
    attack: ({ clock }) => clock.jump(8 * DAY),
    ours: 'expired @timestamp',
    theirs: 'RuntimeError',
    heal: ({ repository, clock }) => {
      repository.now = clock.now();
      repository.publishTimestamp();
    },
  },
  {
    name: 'a newer timestamp that has expired already',
    attack: ({ repository }) =>
      void repository.publishTimestamp({ signed: (content) => (content['expires'] = utc(repository.now - HOUR)) }),
    ours: 'expired @timestamp',
    theirs: 'ExpiredMetadataError',
  },
  {
    name: 'an expired snapshot',
    attack: ({ repository }) =>
      repository.publish({ snapshot: { signed: (content) => (content['expires'] = utc(repository.now - HOUR)) } }),
    ours: 'expired @snapshot',
    theirs: 'RuntimeError',
  },
  {
    name: 'expired targets',
    attack: ({ repository }) =>
      repository.publish({ targets: { signed: (content) => (content['expires'] = utc(repository.now - HOUR)) } }),
    ours: 'expired @targets',
    theirs: 'RuntimeError',
  },
  {
    name: 'an expired root',
    attack: ({ repository }) =>
      void repository.publishRoot({ signed: (content) => (content['expires'] = utc(repository.now - HOUR)) }),
    ours: 'expired @root',
    theirs: 'ExpiredMetadataError',
    heal: (attacked) => {
      attacked.repository.publishRoot();
      nextBundle(attacked);
    },
  },
  {
    name: 'an expired root, and nothing behind it',
    attack: (attacked) => {
      attacked.repository.publishRoot({ signed: (content) => (content['expires'] = utc(NOW - HOUR)) });
      on(/timestamp/, status(404))(attacked);
    },
    ours: 'expired @root',
    theirs: 'DownloadHTTPError',
    heal: (attacked) => {
      attacked.repository.publishRoot();
      nextBundle(attacked);
    },
  },
  {
    name: 'an expired root that a newer one follows',
    attack: ({ repository }) => {
      repository.publishRoot({ signed: (content) => (content['expires'] = utc(repository.now - HOUR)) });
      repository.publishRoot();
    },
    ours: 'accepted',
    theirs: 'accepted',
  },
  {
    name: 'a timestamp without a time of issue',
    attack: ({ repository }) =>
      repository.publishBundle(undefined, { timestamp: { signed: (content) => delete content['issued_at'] } }),
    ours: 'malformed @timestamp',
    theirs: 'accepted',
    why: 'TUF knows no such time; without it the age of a policy would be when somebody last repeated it',
  },
  {
    name: 'a timestamp of the day after tomorrow',
    attack: ({ repository, clock }) => {
      repository.now = clock.now() + 2 * DAY;
      repository.publishTimestamp();
    },
    ours: 'not_yet_valid @timestamp',
    theirs: 'accepted',
    why: 'TUF knows no such time; a thief of the timestamp key could keep a policy young for ever',
    heal: (attacked) => {
      attacked.clock.jump(3 * DAY);
      nextBundle(attacked);
    },
  },
  {
    name: 'a newer timestamp that was issued before the held one',
    attack: async (attacked) => {
      hourLater(attacked);
      attacked.repository.publishTimestamp();
      await attacked.poll();
      attacked.repository.now -= HOUR / 2;
      attacked.repository.publishTimestamp();
    },
    ours: 'rollback @timestamp',
    theirs: 'accepted',
    why: 'TUF knows no such time; ours only grows, as versions do',
  },
  // Rollback.
  {
    name: 'an older timestamp',
    attack: async (attacked) => {
      const { repository, served, poll } = attacked;
      const old = repository.snapshotOfFiles();
      hourLater(attacked);
      repository.publishBundle();
      await poll();
      served.files = old;
    },
    ours: 'rollback @timestamp',
    theirs: 'BadVersionError',
  },
  {
    name: 'a lower version of the timestamp that was issued just now',
    attack: async (attacked) => {
      const { repository, poll } = attacked;
      hourLater(attacked);
      repository.publishBundle();
      await poll();
      hourLater(attacked);
      repository.publishTimestamp({ signed: (content) => (content['version'] = 1) });
    },
    ours: 'rollback @timestamp',
    theirs: 'BadVersionError',
  },
  {
    name: 'a stolen timestamp key points to an old snapshot',
    attack: async (attacked) => {
      const { repository, poll } = attacked;
      hourLater(attacked);
      repository.publishBundle();
      await poll();
      hourLater(attacked);
      repository.publishTimestamp({
        signed: (content) => (content['meta'] = { 'snapshot.json': repository.listing('snapshot', 1) }),
      });
    },
    ours: 'rollback @timestamp',
    theirs: 'BadVersionError',
  },
  {
    name: 'stolen timestamp and snapshot keys point to old targets',
    attack: async (attacked) => {
      const { repository, poll } = attacked;
      hourLater(attacked);
      repository.publishBundle();
      await poll();
      hourLater(attacked);
      repository.publishSnapshot({
        signed: (content) => (content['meta'] = { 'targets.json': repository.listing('targets', 1) }),
      });
      repository.publishTimestamp();
    },
    ours: 'rollback @targets',
    theirs: 'RuntimeError',
  },
  {
    name: 'an older publication after timestamp and snapshot were lost',
    attack: async (attacked) => {
      const { repository, served, poll, lose } = attacked;
      const old = repository.snapshotOfFiles();
      hourLater(attacked);
      repository.publishBundle();
      await poll();
      lose('timestamp', 'snapshot');
      served.files = old;
    },
    ours: 'rollback @timestamp',
    theirs: 'accepted',
    why: 'the time that was confirmed last lies elsewhere than the metadata, and so does the mark of the revision',
  },
  {
    name: 'an older bundle under newer metadata, after everything but the mark was lost',
    attack: async (attacked) => {
      const { repository, poll, lose } = attacked;
      const old = repository.targets.get(BUNDLE) ?? Buffer.alloc(0);
      hourLater(attacked);
      repository.publishBundle();
      await poll();
      lose('timestamp', 'snapshot', 'targets');
      hourLater(attacked);
      repository.setTarget(BUNDLE, old);
      repository.publish();
    },
    ours: 'verify rollback',
    theirs: 'accepted',
    why: 'TUF knows versions of files; the revision of what is in them only grows as well',
  },
  {
    name: 'a thief pushes versions to the maximum',
    attack: (attacked) => {
      const { repository } = attacked;
      repository.versions.snapshot = 2 ** 31;
      repository.versions.timestamp = 2 ** 31;
      repository.publishBundle();
    },
    ours: 'accepted',
    theirs: 'accepted',
    // and the next honest publication would be older: new keys make it the first of its kind
    heal: (attacked) => {
      const { repository } = attacked;
      repository.versions.snapshot = 5;
      repository.versions.timestamp = 5;
      repository.rotate({ timestamp: oneRole(), snapshot: oneRole() });
      hourLater(attacked);
      nextBundle(attacked);
    },
  },
  {
    name: 'a role is gone from the snapshot',
    prepare: (repository) => void repository.addTeam('team-a'),
    attack: ({ repository }) =>
      repository.publish({ snapshot: { signed: (content) => delete (content['meta'] as JsonObject)['team-a.json'] } }),
    ours: 'rollback @team-a',
    theirs: 'RuntimeError',
  },
  // Mix and match.
  {
    name: 'the snapshot of another publication',
    attack: (attacked) => {
      nextBundle(attacked);
      body(altered)(attacked, /\d+\.snapshot\.json/);
    },
    ours: 'mix_and_match @snapshot',
    theirs: 'RuntimeError',
  },
  {
    name: 'the targets of another publication',
    attack: (attacked) => {
      nextBundle(attacked);
      body(altered)(attacked, /\d+\.targets\.json/);
    },
    ours: 'mix_and_match @targets',
    theirs: 'RuntimeError',
  },
  {
    name: 'a snapshot of another version than is listed',
    attack: ({ repository }) => {
      repository.publishSnapshot({ signed: (content) => (content['version'] = 7) });
      repository.publishTimestamp();
    },
    ours: 'mix_and_match @snapshot',
    theirs: 'RuntimeError',
  },
  {
    name: 'targets of another version than is listed',
    attack: ({ repository }) => {
      repository.publishTargets({ signed: (content) => (content['version'] = 7) });
      repository.publishSnapshot();
      repository.publishTimestamp();
    },
    ours: 'mix_and_match @targets',
    theirs: 'RuntimeError',
  },
  // Keys.
  {
    name: 'targets signed by one key of two',
    prepare: (repository) => (repository.keys.targets = oneRole(2, 2)),
    attack: ({ repository }) =>
      repository.publishBundle(undefined, { targets: { signers: repository.keys.targets.signers.slice(0, 1) } }),
    ours: 'bad_signature @targets',
    theirs: 'RuntimeError',
  },
  {
    name: 'a root signed by one key of two',
    attack: ({ repository }) => void repository.publishRoot({ signers: repository.keys.root.signers.slice(0, 1) }),
    ours: 'bad_signature @root',
    theirs: 'UnsignedMetadataError',
    heal: (attacked) => {
      attacked.repository.versions.root -= 1;
      attacked.repository.publishRoot();
      nextBundle(attacked);
    },
  },
  {
    name: 'a timestamp signed by an unknown key',
    attack: ({ repository }) => void repository.publishTimestamp({ signers: newSigners(1) }),
    ours: 'bad_signature @timestamp',
    theirs: 'UnsignedMetadataError',
  },
  {
    name: 'a timestamp without signatures',
    attack: ({ repository }) => void repository.publishTimestamp({ signers: [] }),
    ours: 'bad_signature @timestamp',
    theirs: 'UnsignedMetadataError',
  },
  {
    name: 'targets signed by the timestamp key',
    attack: ({ repository }) =>
      repository.publishBundle(undefined, { targets: { signers: repository.keys.timestamp.signers } }),
    ours: 'bad_signature @targets',
    theirs: 'RuntimeError',
  },
  {
    name: 'a byte of the timestamp is another one',
    attack: ({ repository }) =>
      void repository.publishTimestamp({
        bytes: (bytes) => Buffer.from(bytes.toString().replace('"version":2', '"version":3')),
      }),
    ours: 'bad_signature @timestamp',
    theirs: 'UnsignedMetadataError',
  },
  {
    name: 'the same signature twice',
    attack: ({ repository }) => {
      const [signer = newSigner()] = repository.keys.timestamp.signers;
      repository.publishTimestamp({ signers: [signer, signer] });
    },
    ours: 'malformed @timestamp',
    theirs: 'ValueError',
  },
  {
    name: 'one key under two ids reaches a threshold of two',
    attack: ({ repository }) => {
      const [signer = newSigner()] = newSigners(1);
      const other = { ...signer, id: 'b'.repeat(64) };
      repository.rotate({ targets: { signers: [signer, other], threshold: 2 } });
      repository.publishBundle();
    },
    ours: 'malformed @root',
    theirs: 'accepted',
    why: 'the id of a key has to be the digest of the key: TUF leaves that open, and a threshold would mean nothing',
    heal: (attacked) => {
      attacked.repository.versions.root -= 1;
      attacked.repository.rotate({ targets: oneRole() });
      nextBundle(attacked);
    },
    // it believes the root with the two ids, and takes its successor for a version that it holds
    heals: { theirs: 'RuntimeError' },
  },
  {
    name: 'a key of a kind that reeve does not know',
    attack: ({ repository }) => {
      repository.publishRoot({
        signed: (content) => {
          const keys = content['keys'] as JsonObject;
          keys['c'.repeat(64)] = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: 'pem' } };
        },
      });
      repository.publishBundle();
    },
    ours: 'malformed @root',
    theirs: 'accepted',
    why: 'one kind of key in one spelling: another spelling of the same key could count twice',
    heal: (attacked) => {
      attacked.repository.versions.root -= 1;
      attacked.repository.publishRoot();
      nextBundle(attacked);
    },
  },
  {
    name: 'a bundle under a key that the root has revoked',
    prepare: (repository) => (repository.keys.targets = oneRole(2, 1)),
    attack: ({ repository }) => {
      const [stolen = newSigner()] = repository.keys.targets.signers;
      repository.revoked = [stolen.id];
      repository.publishRoot();
      repository.publishBundle(undefined, { targets: { signers: [stolen] } });
    },
    ours: 'bad_signature @targets',
    theirs: 'accepted',
    why: 'TUF has no revocation beside leaving a key out, and that lets what it signed serve on',
  },
  {
    name: 'three new roots, in the end with other keys in every role',
    attack: ({ repository }) => {
      repository.rotate({ root: oneRole(3, 2) });
      repository.rotate({ root: oneRole(5, 3), timestamp: oneRole() });
      repository.rotate({ targets: oneRole(), snapshot: oneRole() });
      repository.publishBundle();
    },
    ours: 'accepted',
    theirs: 'accepted',
  },
  {
    name: 'a new root that the old keys have not signed',
    attack: ({ repository }) => {
      repository.keys.root = oneRole(3, 2);
      repository.publishRoot();
    },
    ours: 'bad_signature @root',
    theirs: 'UnsignedMetadataError',
    heal: (attacked) => {
      attacked.repository.files.delete('metadata/2.root.json');
      nextBundle(attacked);
    },
  },
  {
    name: 'a root with the number of the next one and the version after it',
    attack: ({ repository }) => void repository.publishRoot({ signed: (content) => (content['version'] = 3) }),
    ours: 'rollback @root',
    theirs: 'BadVersionError',
    heal: (attacked) => {
      attacked.repository.versions.root -= 1;
      attacked.repository.publishRoot();
      nextBundle(attacked);
    },
  },
  // Sizes and speeds.
  ...(['root', 'timestamp'] as const).map((role) => ({
    name: `an endless ${role}`,
    attack: on(new RegExp(`${role}\\.json`), endless),
    ours: `too_large @${role}`,
    theirs: 'DownloadLengthMismatchError',
  })),
  {
    name: 'an endless target',
    attack: (attacked) => {
      nextBundle(attacked);
      on(/^targets/, endless)(attacked);
    },
    ours: 'too_large @target',
    theirs: 'DownloadLengthMismatchError',
  },
  {
    name: 'a target listed with more bytes than any may have',
    attack: ({ repository }) =>
      repository.publishBundle(undefined, {
        targets: {
          signed: (content) => {
            const target = (content['targets'] as { [BUNDLE]: JsonObject })[BUNDLE];
            target['length'] = 17 * 1024 * 1024;
          },
        },
      }),
    ours: 'too_large @target',
    theirs: 'LengthOrHashMismatchError',
  },
  {
    name: 'a root of a hundred kilobytes, well signed',
    attack: ({ repository }) => {
      repository.publishRoot({ signed: (content) => (content['note'] = 'x'.repeat(100_000)) });
      repository.publishBundle();
    },
    ours: 'too_large @root',
    theirs: 'accepted',
    why: 'a root is parsed before anything vouches for it, and the time that takes grows with the square of its size',
    heal: (attacked) => {
      attacked.repository.versions.root -= 1;
      attacked.repository.publishRoot();
      nextBundle(attacked);
    },
  },
  {
    name: 'a root that comes a byte at a time',
    attack: on(/root\.json/, drip),
    deadlineMs: 300,
    ours: 'deadline @root',
    theirs: 'DOMException',
  },
  {
    name: 'a timestamp that comes a byte at a time',
    attack: on(/timestamp\.json/, drip),
    deadlineMs: 300,
    ours: 'deadline @timestamp',
    theirs: 'DOMException',
  },
  {
    name: 'a server that accepts and never answers',
    attack: on(/./, () => true),
    deadlineMs: 300,
    ours: 'deadline @root',
    theirs: 'DOMException',
  },
  {
    name: 'a small target that unpacks to more than a bundle may have',
    attack: ({ repository }) => {
      repository.setTarget(BUNDLE, gzipSync(Buffer.alloc(65 * 1024 * 1024)));
      repository.publish();
    },
    ours: 'too_large @target',
    theirs: 'accepted',
    why: 'TUF delivers bytes; what they unpack to is the affair of whoever unpacks them',
  },
  // Targets.
  {
    name: 'a target with other bytes',
    attack: (attacked) => {
      nextBundle(attacked);
      body(altered)(attacked, /^targets/);
    },
    ours: 'target_mismatch @target',
    theirs: 'LengthOrHashMismatchError',
  },
  {
    name: 'a target cut short',
    attack: (attacked) => {
      nextBundle(attacked);
      body((bytes) => bytes.subarray(0, 100))(attacked, /^targets/);
    },
    ours: 'target_mismatch @target',
    theirs: 'LengthOrHashMismatchError',
  },
  {
    name: 'a target whose connection breaks',
    attack: (attacked) => {
      nextBundle(attacked);
      on(/^targets/, (_path, _request, response) => {
        response.writeHead(200, { 'content-length': '200' });
        response.write('x');
        setTimeout(() => response.destroy(), 10);
        return true;
      })(attacked);
    },
    ours: 'network @target',
    theirs: 'TypeError',
  },
  {
    name: 'a target that is listed and not there',
    attack: (attacked) => {
      nextBundle(attacked);
      on(/^targets/, status(404))(attacked);
    },
    ours: 'absent @target',
    theirs: 'DownloadHTTPError',
  },
  {
    name: 'a target listed without hashes',
    attack: ({ repository }) =>
      repository.publishBundle(undefined, {
        targets: { signed: (content) => (content['targets'] = { [BUNDLE]: { length: 5, hashes: {} } }) },
      }),
    ours: 'malformed @targets',
    theirs: 'DownloadHTTPError',
  },
  {
    name: 'a snapshot listed without hashes',
    attack: ({ repository }) => {
      repository.publishBundle();
      repository.publishTimestamp({
        signed: (content) => (content['meta'] = { 'snapshot.json': { version: repository.versions.snapshot } }),
      });
    },
    ours: 'malformed @timestamp',
    theirs: 'accepted',
    why: 'TUF lets them out; without them a mirror could have junk parsed before it is verified',
  },
  {
    name: 'targets listed without hashes',
    attack: ({ repository }) =>
      repository.publishBundle(undefined, {
        snapshot: {
          signed: (content) => (content['meta'] = { 'targets.json': { version: repository.versions.targets } }),
        },
      }),
    ours: 'malformed @snapshot',
    theirs: 'accepted',
    why: 'TUF lets them out; without them a mirror could have junk parsed before it is verified',
  },
  {
    name: 'the target is no longer listed',
    attack: ({ repository }) => {
      repository.targets.delete(BUNDLE);
      repository.publish();
    },
    ours: 'no_such_target @targets',
    theirs: 'undefined',
  },
  // Delegations.
  {
    name: 'a team delivers the bundle of the organisation',
    attack: ({ repository }) => {
      repository.setTarget(BUNDLE, packed(bundleDocument(9, repository.now)), repository.addTeam('team-a'));
      repository.targets.delete(BUNDLE);
      repository.publish();
    },
    ours: 'no_such_target @targets',
    theirs: 'undefined',
  },
  {
    name: 'a team signs for another team',
    target: 'team-b/bundle.json.gz',
    prepare: (repository) => {
      const mine = repository.addTeam('team-b');
      repository.setTarget('team-b/bundle.json.gz', packed(bundleDocument(1, repository.now)), mine);
    },
    attack: ({ repository }) => {
      const [mine] = repository.teams;
      mine?.targets.clear();
      const other = repository.addTeam('team-a');
      repository.setTarget('team-b/bundle.json.gz', packed(bundleDocument(9, repository.now)), other);
      repository.publish();
    },
    ours: 'no_such_target @targets',
    theirs: 'undefined',
    heal: ({ repository }) => {
      repository.setTarget('team-b/bundle.json.gz', packed(bundleDocument(2, repository.now)), repository.teams[0]);
      repository.publish();
    },
  },
  {
    name: "a team's targets signed by another team's key",
    target: 'team-b/bundle.json.gz',
    prepare: (repository) => {
      const mine = repository.addTeam('team-b');
      repository.setTarget('team-b/bundle.json.gz', packed(bundleDocument(1, repository.now)), mine);
      repository.addTeam('team-a');
    },
    attack: ({ repository }) => {
      const [mine, other] = repository.teams;
      if (mine === undefined || other === undefined) return;
      repository.setTarget('team-b/bundle.json.gz', packed(bundleDocument(2, repository.now)), mine);
      repository.publishTeam(mine, { signers: other.keys.signers });
      repository.publishSnapshot();
      repository.publishTimestamp();
    },
    ours: 'bad_signature @team-b',
    theirs: 'RuntimeError',
    heal: ({ repository }) => repository.publish(),
  },
  {
    name: 'a delegation by negation covers a target that nobody sees in it',
    target: 'team-q/bundle.json.gz',
    fresh: true,
    attack: ({ repository }) => {
      const team = repository.addTeam('team-z', { paths: ['!team-z/bundle.json.gz'] });
      repository.setTarget('team-q/bundle.json.gz', packed(bundleDocument(1, repository.now)), team);
      repository.publish();
    },
    ours: 'malformed @targets',
    theirs: 'accepted',
    why: 'only literals and one star: what a matcher knows beside them, nobody sees in a pattern',
    heal: ({ repository }) => {
      for (const team of repository.teams) team.paths = ['team-q/*.json.gz'];
      repository.publish();
    },
  },
  {
    name: 'a role that is delegated to and not in the snapshot',
    target: 'team-a/bundle.json.gz',
    fresh: true,
    prepare: (repository) => {
      const team = repository.addTeam('team-a');
      repository.setTarget('team-a/bundle.json.gz', packed(bundleDocument(1, repository.now)), team);
    },
    attack: ({ repository }) =>
      repository.publish({ snapshot: { signed: (content) => delete (content['meta'] as JsonObject)['team-a.json'] } }),
    ours: 'mix_and_match @team-a',
    theirs: 'TypeError',
    heal: ({ repository }) => repository.publish(),
  },
  {
    name: 'a target in one of sixteen hash bins',
    target: 'team-a/bundle.json.gz',
    fresh: true,
    attack: ({ repository }) => publishBins(repository, 'team-a/bundle.json.gz'),
    ours: 'accepted',
    theirs: 'accepted',
    heal: () => undefined,
  },
  // Forms.
  {
    name: 'an expiry that is only a year',
    attack: ({ repository }) =>
      repository.publishBundle(undefined, { snapshot: { signed: (content) => (content['expires'] = '2030') } }),
    ours: 'malformed @snapshot',
    theirs: 'accepted',
    why: 'TUF prescribes UTC to the second; what else a date parser takes depends on where it runs',
  },
  {
    name: 'a version below nought',
    attack: ({ repository }) =>
      repository.publishBundle(undefined, { timestamp: { signed: (content) => (content['version'] = -3) } }),
    ours: 'malformed @timestamp',
    theirs: 'BadVersionError',
  },
  {
    name: 'JSON with a name twice',
    attack: ({ repository }) =>
      repository.publishBundle(undefined, {
        timestamp: {
          bytes: (bytes) => Buffer.from(bytes.toString().replace('"version":2', '"version":9,"version":2')),
        },
      }),
    ours: 'malformed @timestamp',
    theirs: 'accepted',
    why: 'two readers could see two timestamps in it, although one of them is signed',
  },
  {
    name: 'a repository without consistent snapshots',
    attack: ({ repository }) => {
      repository.publishRoot({ signed: (content) => (content['consistent_snapshot'] = false) });
      repository.publishBundle();
      for (const role of ['snapshot', 'targets'] as const) {
        const version = repository.versions[role];
        repository.files.set(`metadata/${role}.json`, repository.file(`metadata/${version}.${role}.json`));
      }
      repository.files.set(`targets/${BUNDLE}`, repository.targets.get(BUNDLE) ?? Buffer.alloc(0));
    },
    ours: 'malformed @root',
    theirs: 'accepted',
    why: 'files that change in place break every poll during a publication',
    heal: (attacked) => {
      attacked.repository.versions.root -= 1;
      attacked.repository.publishRoot();
      nextBundle(attacked);
    },
    // it believes that root, and goes on without consistent snapshots, whose files are the old ones
    heals: { theirs: 'RuntimeError' },
  },
  // The network.
  {
    name: 'a captive portal answers everything with a page',
    attack: on(/./, status(200, { 'content-type': 'text/html' })),
    ours: 'malformed @root',
    theirs: 'SyntaxError',
  },
  {
    name: 'a captive portal redirects everything to its page',
    attack: (attacked) => {
      on(/^metadata/, status(302, { location: `${attacked.served.server.origin}/login` }))(attacked);
      const { intercept } = attacked.served;
      const login = status(200);
      attacked.served.intercept = (path, request, response) =>
        path === 'login' ? login(path, request, response) : intercept(path, request, response);
    },
    ours: 'http_status @root',
    theirs: 'SyntaxError',
  },
  {
    name: 'a redirect to where the same files are',
    attack: (attacked) => {
      nextBundle(attacked);
      const { server } = attacked.served;
      attacked.served.intercept = (path, request, response) => {
        if (path.startsWith('other/')) {
          const bytes = attacked.repository.files.get(path.slice('other/'.length));
          response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
          return true;
        }
        return status(302, { location: `${server.origin}/other/${path}` })(path, request, response);
      };
    },
    ours: 'http_status @root',
    theirs: 'accepted',
    why: 'one origin: who redirects could lead a daemon to any address inside the network',
  },
  { name: 'everything is 404', attack: on(/./, status(404)), ours: 'absent @timestamp', theirs: 'DownloadHTTPError' },
  { name: 'everything is 403', attack: on(/./, status(403)), ours: 'absent @timestamp', theirs: 'DownloadHTTPError' },
  {
    name: 'the next root is gone for ever',
    attack: on(/root/, status(410)),
    ours: 'http_status @root',
    theirs: 'DownloadHTTPError',
  },
  {
    name: 'the next root is a server error',
    attack: on(/root/, status(500)),
    ours: 'http_status @root',
    theirs: 'DownloadHTTPError',
  },
  {
    name: '304 to a question without a validator',
    fresh: true,
    attack: on(/timestamp/, (_path, _request, response) => (response.writeHead(304).end(), true)),
    ours: 'http_status @timestamp',
    theirs: 'DownloadHTTPError',
  },
  {
    name: 'an empty success',
    attack: on(/timestamp/, (_path, _request, response) => (response.writeHead(204).end(), true)),
    ours: 'http_status @timestamp',
    theirs: 'DownloadHTTPError',
  },
  {
    name: 'an empty object',
    attack: on(/timestamp/, (_path, _request, response) => (response.writeHead(200).end('{}'), true)),
    ours: 'malformed @timestamp',
    theirs: 'TypeError',
  },
  {
    name: 'an encoding that nobody asked for',
    attack: (attacked) => {
      nextBundle(attacked);
      body(gzipSync, { 'content-encoding': 'gzip' })(attacked, /timestamp/);
    },
    ours: 'http_status @timestamp',
    theirs: 'accepted',
    why: 'lengths have to be counted of the bytes that arrive: a small body may unfold into a huge one',
  },
  {
    name: 'the connection is cut',
    attack: on(/./, (_path, _request, response) => (response.destroy(), true)),
    ours: 'network @root',
    theirs: 'TypeError',
  },
  // This machine.
  {
    name: "a stored root is another publisher's, and so is the server",
    attack: ({ plantRoot, served }) => {
      const hostile = TufRepository.published(Date.parse('2026-06-01T12:00:00Z'));
      plantRoot(hostile.pinnedRoot);
      served.files = hostile.files;
    },
    ours: 'bad_signature @timestamp',
    theirs: 'accepted',
    why: 'the pinned root lies apart from what is stored, and every stored root is verified from it again',
    heals: { theirs: 'UnsignedMetadataError' },
  },
  {
    name: 'a stored root is torn',
    attack: ({ plantRoot, repository }) => {
      plantRoot(repository.pinnedRoot.subarray(0, 700));
      repository.publishRoot();
      repository.publishBundle();
    },
    ours: 'accepted',
    theirs: 'SyntaxError',
    why: 'a stored root that does not follow is fetched again',
    heals: { theirs: 'SyntaxError' },
  },
];

/** Sixteen bins that share a key (TUF, hashed bins), of which one holds the target. */
function publishBins(repository: TufRepository, path: string): void {
  const signer = newSigner();
  const bytes = packed(bundleDocument(1, repository.now));
  const cut = path.lastIndexOf('/') + 1;
  repository.files.set(`targets/${path.slice(0, cut)}${sha256(bytes)}.${path.slice(cut)}`, bytes);
  const bins = { keyids: [signer.id], threshold: 1, bit_length: 4, name_prefix: 'bin' };
  repository.publishTargets({
    signed: (content) => (content['delegations'] = { keys: { [signer.id]: signer.key }, succinct_roles: bins }),
  });
  const mine = Number.parseInt(sha256(path).slice(0, 1), 16);
  const meta: JsonObject = { 'targets.json': repository.listing('targets', repository.versions.targets) };
  for (let bin = 0; bin < 16; bin += 1) {
    const role = `bin-${bin.toString(16)}`;
    const targets = bin === mine ? { [path]: { length: bytes.length, hashes: { sha256: sha256(bytes) } } } : {};
    const content = {
      _type: 'targets',
      spec_version: '1.0.31',
      version: 1,
      expires: utc(repository.now + DAY),
      targets,
    };
    repository.files.set(`metadata/1.${role}.json`, signed(content, [signer]));
    meta[`${role}.json`] = repository.listing(role, 1);
  }
  repository.publishSnapshot({ signed: (content) => (content['meta'] = meta) });
  repository.publishTimestamp();
}
