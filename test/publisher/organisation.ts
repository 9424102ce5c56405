import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packBundle } from '../../src/publisher/pack-bundle.ts';
import type { PublicationReport } from '../../src/publisher/publication-report.ts';
import { type Publication, publish } from '../../src/publisher/publish.ts';
import { rootExpiry } from '../../src/publisher/root-change.ts';
import { type RoleKeys, type RootDocument, rootSigned, type TopRole } from '../../src/publisher/root-document.ts';
import type { SigningKey } from '../../src/publisher/signers.ts';
import type { Change } from '../../src/publisher/stage.ts';
import { type Held, type VerifiedRepository, verifyRepository } from '../../src/publisher/verify-repository.ts';
import { type PublicPart, publicPartOf } from '../../src/tuf/key.ts';
import { metadataBytes } from '../../src/tuf/metadata-text.ts';
import { signatureOf, withSignatures } from '../../src/tuf/sign.ts';
import type { Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';

export const ORG = 'acme';
export const NOW = Date.parse('2026-06-01T12:00:00Z');
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** A key with both halves, as no machine of a ceremony has them. */
export interface TestKey extends SigningKey {
  readonly part: PublicPart;
}

export function newKey(): TestKey {
  const key: KeyObject = generateKeyPairSync('ed25519').privateKey;
  const part = publicPartOf(key);
  if (part === null) throw new Error('no Ed25519 key');
  return { id: part.id, key, part };
}

export type Keys = Readonly<Record<TopRole, readonly TestKey[]>>;

/** Root 2 of 3, one key for each other role. */
export function newKeys(): Keys {
  return { root: [newKey(), newKey(), newKey()], targets: [newKey()], snapshot: [newKey()], timestamp: [newKey()] };
}

export function onlineKeys({ snapshot, timestamp }: Keys): readonly TestKey[] {
  return [...snapshot, ...timestamp];
}

export function publishingKeys(keys: Keys): readonly TestKey[] {
  return [...keys.targets, ...onlineKeys(keys)];
}

export function rootDocument(keys: Keys, change: Partial<RootDocument> = {}): RootDocument {
  const roleOf = (role: TopRole): RoleKeys => ({
    keys: keys[role].map(({ part }) => part),
    threshold: role === 'root' ? 2 : 1,
  });
  const roles = {
    root: roleOf('root'),
    targets: roleOf('targets'),
    snapshot: roleOf('snapshot'),
    timestamp: roleOf('timestamp'),
  };
  return { version: 1, expires: rootExpiry(NOW), roles, revoked: [], ...change };
}

/** Signed by all of `signers`. */
export function signedRoot(root: RootDocument, signers: readonly SigningKey[]): Buffer {
  const signed = rootSigned(root);
  const signatures = signers.map(({ key }) => signatureOf(signed, key));
  return metadataBytes(withSignatures({ signatures: [], signed }, signatures));
}

export interface BundleOptions {
  readonly revision?: number;
  readonly org?: string;
  readonly issuedAt?: number;
  readonly expiresAt?: number;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly hosts?: readonly string[];
}

export function bundleDocument(options: BundleOptions = {}): Buffer {
  const { revision = 1, org = ORG, issuedAt = NOW, expiresAt = NOW + 90 * DAY, more = {}, hosts = [] } = options;
  const time = new Date(issuedAt).toISOString();
  return Buffer.from(
    JSON.stringify({
      schema: 'reeve.bundle/1',
      org,
      revision: String(revision),
      issued_at: time,
      expires_at: new Date(expiresAt).toISOString(),
      governed: ['network'],
      policies: [networkPolicy(org, ['api.example.com', ...hosts])],
      ...more,
    }),
  );
}

export function networkPolicy(org: string, resources: readonly string[], id = 'pol_egress'): object {
  return {
    id,
    name: 'egress',
    org,
    updated_at: '2026-05-01T00:00:00Z',
    allowlist_v0: {
      domain: 'network',
      rules: [{ id: 'rule_1', name: 'api', decision: 'allow', actions: ['connect:tcp'], resources: [...resources] }],
    },
  };
}

export const TARGET = 'bundle.json.gz';

export function bundleChange(options: BundleOptions = {}, { path = TARGET, role = 'targets', now = NOW } = {}): Change {
  const packed = packBundle({ document: bundleDocument(options), path, version: '9.9.9', now });
  return { bundles: [{ role, packed }], setTeams: [], removeTeams: [] };
}

/** A repository in a temporary directory, and what its people have. */
export interface Site {
  readonly repository: string;
  readonly keys: Keys;
  /** Root 1, as daemons have it pinned. */
  readonly root: Buffer;
  readonly publish: (publication?: Partial<Publication>) => Promise<PublicationReport>;
  readonly read: (path: string) => Buffer | null;
}

export function newSite(t: Scope, keys: Keys = newKeys()): Site {
  const repository = join(tempDirectory(t), 'repository');
  const root = signedRoot(rootDocument(keys), keys.root.slice(0, 2));
  return {
    repository,
    keys,
    root,
    publish: (publication = {}) => publish({ repository, keys: publishingKeys(keys), now: NOW, ...publication }),
    read: readerOf(repository),
  };
}

export function readerOf(repository: string): Site['read'] {
  return (path) => {
    const file = join(repository, path);
    return existsSync(file) ? readFileSync(file) : null;
  };
}

/** What a daemon sees that has nothing but the pinned root, or that has followed so far. */
export function asDaemon(
  { read, root }: Pick<Site, 'read' | 'root'>,
  { now = NOW, path = TARGET, held = null }: { now?: number; path?: string; held?: Held | null } = {},
): Promise<VerifiedRepository> {
  return verifyRepository({ read: (file) => Promise.resolve(read(file)), pinned: root, now, paths: [path], held });
}

/** The revision that such a daemon would activate. */
export async function revisionFor(site: Pick<Site, 'read' | 'root'>, now = NOW, path = TARGET): Promise<unknown> {
  const { targets } = await asDaemon(site, { now, path });
  return (JSON.parse(String(targets[0]?.document)) as { revision?: unknown }).revision;
}
