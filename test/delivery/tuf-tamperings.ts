import { gzipSync } from 'node:zlib';
import {
  BUNDLE,
  type JsonObject,
  newSigners,
  packed,
  type Signer,
  TufRepository,
  utc,
} from '../support/tuf-repository.ts';
import { ruleOf } from './governance-rig.ts';
import { documentOf } from './tuf-publication.ts';

const DAY = 86_400_000;

interface Past {
  readonly first: TufRepository;
  /** Before the newest revision. */
  readonly previous: TufRepository;
}

/** What can be done to a repository by somebody who has stolen keys of it, or nothing but the web server. */
interface TufTampering {
  /** Gives what is offered, where it is not what the thief has published. */
  readonly does: (thief: TufRepository, past: Past) => ReadonlyMap<string, Buffer> | undefined;
  /** What the honest publisher has to do about it. */
  readonly answer?: (repository: TufRepository) => void;
}

type Steal = (thief: TufRepository, past: Past) => void;

function published(steal: Steal): TufTampering {
  return {
    does: (thief, past) => {
      steal(thief, past);
      return undefined;
    },
  };
}

/** A bundle that allows what nobody should reach. */
function evilDocument(thief: TufRepository, more: JsonObject = {}): JsonObject {
  return documentOf(thief.revision + 1, [ruleOf('allow', ['evil.example', 'a.example'])], thief.now, more);
}

function bySigners(signers: (thief: TufRepository) => readonly Signer[]): TufTampering {
  return published((thief) => thief.publishBundle(evilDocument(thief), { targets: { signers: signers(thief) } }));
}

/** What a publisher signs by mistake, or is made to sign. */
function signedWith(more: JsonObject | ((thief: TufRepository) => JsonObject)): TufTampering {
  return published((thief) =>
    thief.publishBundle(evilDocument(thief, typeof more === 'function' ? more(thief) : more)),
  );
}

function signedBytes(bytes: (thief: TufRepository) => Buffer): TufTampering {
  return published((thief) => {
    thief.setTarget(BUNDLE, bytes(thief));
    thief.publish();
  });
}

function nextRoot({ versions }: TufRepository): string {
  return `metadata/${versions.root + 1}.root.json`;
}

function expiredIn(role: 'timestamp' | 'snapshot' | 'targets'): TufTampering {
  return published((thief) =>
    thief.publish({ [role]: { signed: (content: JsonObject) => (content['expires'] = utc(thief.now - DAY)) } }),
  );
}

function altered(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1] = (copy[copy.length >> 1] ?? 0) ^ 1;
  return copy;
}

function changedFile(prefix: string, change: (bytes: Buffer) => Buffer): TufTampering {
  return published((thief) => {
    const newest = [...thief.files.keys()].filter((path) => path.startsWith(prefix)).at(-1) ?? '';
    thief.files.set(newest, change(thief.file(newest)));
  });
}

export const TUF_TAMPERINGS: Readonly<Record<string, TufTampering>> = {
  arbitrary: {
    does(thief) {
      const own = new TufRepository(thief.now);
      own.publishRoot();
      own.publishBundle(evilDocument(thief));
      return own.files;
    },
  },
  'arbitrary-root': published((thief) => {
    const own = new TufRepository(thief.now);
    own.publishRoot();
    thief.files.set(nextRoot(thief), own.publishRoot());
    thief.publishBundle(evilDocument(thief));
  }),
  'unsigned-timestamp': published((thief) => thief.publishBundle(evilDocument(thief), { timestamp: { signers: [] } })),
  'unsigned-targets': bySigners(() => []),
  'below-threshold': bySigners(({ keys }) => keys.targets.signers.slice(0, 1)),
  'same-key-twice': bySigners(({ keys }) => [...keys.targets.signers.slice(0, 1), ...keys.targets.signers.slice(0, 1)]),
  'wrong-role': bySigners(({ keys }) => [...keys.timestamp.signers, ...keys.snapshot.signers]),
  'unknown-keys': bySigners(() => newSigners(2)),
  rollback: { does: (_thief, { first }) => first.files },
  'rollback-timestamp-key': published((thief, { first }) => {
    thief.versions.snapshot = first.versions.snapshot;
    thief.publishTimestamp();
  }),
  'rollback-snapshot-key': published((thief, { first }) => {
    thief.versions.targets = first.versions.targets;
    thief.publishSnapshot();
    thief.publishTimestamp();
  }),
  freeze: { does: (_thief, { previous }) => previous.files },
  'fast-forward': {
    does(thief) {
      thief.versions.timestamp = 2 ** 31;
      thief.publishTimestamp();
      return undefined;
    },
    answer(repository) {
      const [timestamp, snapshot] = [newSigners(1), newSigners(1)].map((signers) => ({ signers, threshold: 1 }));
      if (timestamp !== undefined && snapshot !== undefined) repository.rotate({ timestamp, snapshot });
    },
  },
  'expired-timestamp': expiredIn('timestamp'),
  'expired-snapshot': expiredIn('snapshot'),
  'expired-targets': expiredIn('targets'),
  'expired-root': {
    does(thief) {
      thief.publishRoot({ signed: (content) => (content['expires'] = utc(thief.now - DAY)) });
      return undefined;
    },
    answer(repository) {
      repository.versions.root += 1;
      repository.publishRoot();
    },
  },
  'from-the-future': published((thief) => {
    thief.now += 2 * DAY;
    thief.publishTimestamp();
  }),
  'no-time-of-issue': published((thief) => {
    thief.publishTimestamp({ signed: (content) => delete content['issued_at'] });
  }),
  'mix-snapshot': published((thief, { previous }) => {
    const { snapshot } = thief.versions;
    thief.files.set(`metadata/${snapshot}.snapshot.json`, previous.file(`metadata/${snapshot - 1}.snapshot.json`));
  }),
  'mix-targets': published((thief, { previous }) => {
    const { targets } = thief.versions;
    thief.files.set(`metadata/${targets}.targets.json`, previous.file(`metadata/${targets - 1}.targets.json`));
  }),
  'other-target': changedFile('targets/', altered),
  'cut-target': changedFile('targets/', (bytes) => bytes.subarray(0, bytes.length >> 1)),
  'no-target': published((thief) => {
    thief.targets.clear();
    thief.publish();
  }),
  'no-hash': published((thief) =>
    thief.publish({
      targets: { signed: ({ targets }) => void (((targets as JsonObject)[BUNDLE] as JsonObject)['hashes'] = {}) },
    }),
  ),
  'snapshot-without-targets': published((thief) =>
    thief.publish({ snapshot: { signed: (content) => (content['meta'] = {}) } }),
  ),
  'huge-root': published((thief) => void thief.files.set(nextRoot(thief), Buffer.alloc(40_000, '{"a":'))),
  'unvouched-root': published((thief) => {
    Object.assign(thief.keys, { root: { signers: newSigners(2), threshold: 2 } });
    thief.publishRoot();
  }),
  'skipped-root': published((thief) => {
    const next = nextRoot(thief);
    thief.versions.root += 1;
    thief.files.set(next, thief.publishRoot());
  }),
  'signed-older': signedWith({ revision: '1' }),
  'signed-again': signedWith((thief) => ({ revision: `${thief.revision - 1}` })),
  'signed-other-org': signedWith({ org: 'other' }),
  'signed-unknown-member': signedWith({ deny_by_night: true }),
  'signed-requirement': signedWith({ requires: ['quarantine'] }),
  'signed-min-version': signedWith({ min_version: '99.0.0' }),
  'signed-failing-test': signedWith({
    tests: [{ request: { action: 'connect:tcp', host: 'evil.example', port: 443 }, expect: 'deny' }],
  }),
  'signed-expired': signedWith((thief) => ({ issued_at: utc(thief.now - 2 * DAY), expires_at: utc(thief.now - DAY) })),
  'signed-no-json': signedBytes(() => gzipSync('{"schema":"reeve.bundle/1",')),
  'signed-no-gzip': signedBytes((thief) => Buffer.from(JSON.stringify(evilDocument(thief)))),
  'signed-gzip-bomb': signedBytes(() => {
    const member = gzipSync(Buffer.alloc(1_048_576, ' '));
    return Buffer.concat(Array.from({ length: 512 }, () => member));
  }),
  'signed-duplicate': signedBytes((thief) =>
    gzipSync(JSON.stringify(evilDocument(thief)).replace('{', '{"governed":[],')),
  ),
  'signed-two-documents': signedBytes((thief) =>
    Buffer.concat([packed(evilDocument(thief)), packed(evilDocument(thief))]),
  ),
};
