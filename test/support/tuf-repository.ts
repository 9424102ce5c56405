import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { canonicalJson } from '../../src/bundle/canonical-json.ts';

/**
 * A TUF repository in memory whose publisher may make every mistake and commit every fraud. It shares no code with the
 * publisher of reeve: what it writes is plain data, signed over its canonical text.
 */

type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

export interface Signer {
  readonly id: string;
  readonly key: JsonObject;
  readonly privateKey: KeyObject;
}

export interface RoleKeys {
  signers: readonly Signer[];
  threshold: number;
}

/** How a file is to differ from what an honest publisher would write. */
export interface Edit {
  /** Changes `signed` before it is signed. */
  readonly signed?: (signed: JsonObject) => void;
  /** Instead of the role's own keys. */
  readonly signers?: readonly Signer[];
  /** Changes the file after it was signed; what lists it lists the change. */
  readonly bytes?: (bytes: Buffer) => Buffer;
}

export interface Edits {
  readonly targets?: Edit;
  readonly snapshot?: Edit;
  readonly timestamp?: Edit;
}

export interface Team {
  readonly name: string;
  readonly keys: RoleKeys;
  readonly terminating: boolean;
  paths: readonly string[];
  /** By target path, as delivered. */
  readonly targets: Map<string, Buffer>;
  version: number;
  /** Those it delegates to in turn. */
  readonly teams: Team[];
}

export const ORG = 'acme';
export const BUNDLE = 'bundle.json.gz';
const DAY = 86_400_000;

export function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const hex = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
  const key = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: hex } };
  return { id: sha256(canonicalJson(key)), key, privateKey };
}

export function newSigners(count: number): Signer[] {
  return Array.from({ length: count }, newSigner);
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

export function signed(content: JsonObject, signers: readonly Signer[]): Buffer {
  const text = canonicalJson(content);
  const signatures = signers.map(({ id, privateKey }) => ({
    keyid: id,
    sig: sign(null, Buffer.from(text), privateKey).toString('hex'),
  }));
  return Buffer.from(JSON.stringify({ signatures, signed: content }));
}

/** A valid bundle that allows one host. */
export function bundleDocument(revision: number, now: number, more: JsonObject = {}): JsonObject {
  const rule = {
    id: 'rule_a',
    name: 'a',
    decision: 'allow',
    actions: ['connect:tcp'],
    resources: [`r${revision}.example`],
  };
  return {
    schema: 'reeve.bundle/1',
    org: ORG,
    revision: String(revision),
    issued_at: utc(now),
    expires_at: utc(now + 365 * DAY),
    governed: ['network'],
    policies: [
      {
        id: 'pol_a',
        name: 'policy a',
        org: ORG,
        created_at: '2026-05-01T00:00:00Z',
        updated_at: '2026-05-01T00:00:00Z',
        scope: {},
        allowlist_v0: { domain: 'network', rules: [rule] },
      },
    ],
    ...more,
  };
}

export function packed(document: JsonObject): Buffer {
  return gzipSync(JSON.stringify(document));
}

export class TufRepository {
  /** By path below the base URL. */
  readonly files = new Map<string, Buffer>();
  now: number;
  readonly keys = {
    root: { signers: newSigners(3), threshold: 2 } as RoleKeys,
    targets: { signers: newSigners(1), threshold: 1 } as RoleKeys,
    snapshot: { signers: newSigners(1), threshold: 1 } as RoleKeys,
    timestamp: { signers: newSigners(1), threshold: 1 } as RoleKeys,
  };
  readonly versions = { root: 0, targets: 0, snapshot: 0, timestamp: 0 };
  revision = 0;
  /** By target path, as delivered. */
  readonly targets = new Map<string, Buffer>();
  readonly teams: Team[] = [];
  revoked: readonly string[] = [];

  constructor(now: number) {
    this.now = now;
  }

  /** Root 1 and a first bundle. */
  static published(now: number): TufRepository {
    const repository = new TufRepository(now);
    repository.publishRoot();
    repository.publishBundle();
    return repository;
  }

  get pinnedRoot(): Buffer {
    return this.file('metadata/1.root.json');
  }

  file(path: string): Buffer {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new Error(`nothing was published as ${path}`);
    return bytes;
  }

  /** The next root, signed by the keys it names and by those before it. */
  publishRoot(edit: Edit & { readonly before?: readonly Signer[] } = {}): Buffer {
    const { root, targets, snapshot, timestamp } = this.keys;
    const version = (this.versions.root += 1);
    const all = [root, targets, snapshot, timestamp].flatMap((role) => role.signers);
    const content: JsonObject = {
      ...this.#common('root', version, 365 * DAY),
      consistent_snapshot: true,
      keys: Object.fromEntries(all.map((signer) => [signer.id, signer.key])),
      roles: {
        root: roleOf(root),
        targets: roleOf(targets),
        snapshot: roleOf(snapshot),
        timestamp: roleOf(timestamp),
      },
      ...(this.revoked.length === 0 ? {} : { revoked_key_ids: this.revoked }),
    };
    const signers = new Set([...(edit.before ?? []), ...(edit.signers ?? root.signers)]);
    return this.#write(`metadata/${version}.root.json`, content, { ...edit, signers: [...signers] }, []);
  }

  /** New keys for some roles, and the next root that says so. */
  rotate(roles: Partial<Record<keyof TufRepository['keys'], RoleKeys>>, edit: Edit = {}): Buffer {
    const before = this.keys.root.signers;
    Object.assign(this.keys, roles);
    return this.publishRoot({ ...edit, before });
  }

  /** A next bundle, and everything that announces it. */
  publishBundle(document?: JsonObject, edits: Edits = {}): void {
    this.revision += 1;
    this.setTarget(BUNDLE, packed(document ?? bundleDocument(this.revision, this.now)));
    this.publish(edits);
  }

  setTarget(path: string, bytes: Buffer, team?: Team): void {
    (team?.targets ?? this.targets).set(path, bytes);
    const cut = path.lastIndexOf('/') + 1;
    this.files.set(`targets/${path.slice(0, cut)}${sha256(bytes)}.${path.slice(cut)}`, bytes);
  }

  /** Targets, snapshot, timestamp, in that order. */
  publish({ targets, snapshot, timestamp }: Edits = {}): void {
    for (const team of this.#allTeams()) this.publishTeam(team);
    this.publishTargets(targets);
    this.publishSnapshot(snapshot);
    this.publishTimestamp(timestamp);
  }

  publishTargets(edit: Edit = {}): Buffer {
    const version = (this.versions.targets += 1);
    const content = {
      ...this.#common('targets', version, 180 * DAY),
      targets: listedTargets(this.targets),
      ...delegationsOf(this.teams),
    };
    return this.#write(`metadata/${version}.targets.json`, content, edit, this.keys.targets.signers);
  }

  publishTeam(team: Team, edit: Edit = {}): Buffer {
    const version = (team.version += 1);
    const content = {
      ...this.#common('targets', version, 90 * DAY),
      targets: listedTargets(team.targets),
      ...delegationsOf(team.teams),
    };
    return this.#write(`metadata/${version}.${team.name}.json`, content, edit, team.keys.signers);
  }

  publishSnapshot(edit: Edit = {}): Buffer {
    const version = (this.versions.snapshot += 1);
    const meta: JsonObject = { 'targets.json': this.listing('targets', this.versions.targets) };
    for (const team of this.#allTeams()) meta[`${team.name}.json`] = this.listing(team.name, team.version);
    const content = { ...this.#common('snapshot', version, 30 * DAY), meta };
    return this.#write(`metadata/${version}.snapshot.json`, content, edit, this.keys.snapshot.signers);
  }

  publishTimestamp(edit: Edit = {}): Buffer {
    const version = (this.versions.timestamp += 1);
    const content = {
      ...this.#common('timestamp', version, 7 * DAY),
      issued_at: utc(this.now),
      meta: { 'snapshot.json': this.listing('snapshot', this.versions.snapshot) },
    };
    return this.#write('metadata/timestamp.json', content, edit, this.keys.timestamp.signers);
  }

  /** Another version of a file, as metadata lists it. */
  listing(role: string, version: number): JsonObject {
    const bytes = this.file(`metadata/${version}.${role}.json`);
    return { version, length: bytes.length, hashes: { sha256: sha256(bytes) } };
  }

  addTeam(name: string, more: Partial<Pick<Team, 'terminating' | 'paths' | 'keys'>> = {}, parent?: Team): Team {
    const team: Team = {
      name,
      keys: { signers: newSigners(1), threshold: 1 },
      terminating: true,
      paths: [`${name}/*.json.gz`],
      targets: new Map(),
      version: 0,
      teams: [],
      ...more,
    };
    (parent?.teams ?? this.teams).push(team);
    return team;
  }

  /** A copy of everything that is published now. */
  snapshotOfFiles(): Map<string, Buffer> {
    return new Map(this.files);
  }

  #common(type: string, version: number, lifetime: number): JsonObject {
    return { _type: type, spec_version: '1.0.31', version, expires: utc(this.now + lifetime) };
  }

  #write(path: string, content: JsonObject, edit: Edit, signers: readonly Signer[]): Buffer {
    edit.signed?.(content);
    const bytes = signed(content, edit.signers ?? signers);
    const written = edit.bytes?.(bytes) ?? bytes;
    this.files.set(path, written);
    return written;
  }

  #allTeams(teams: readonly Team[] = this.teams): Team[] {
    return teams.flatMap((team) => [team, ...this.#allTeams(team.teams)]);
  }
}

function roleOf({ signers, threshold }: RoleKeys): JsonObject {
  return { keyids: signers.map((signer) => signer.id), threshold };
}

function listedTargets(targets: ReadonlyMap<string, Buffer>): JsonObject {
  return Object.fromEntries(
    [...targets].map(([path, bytes]) => [path, { length: bytes.length, hashes: { sha256: sha256(bytes) } }]),
  );
}

function delegationsOf(teams: readonly Team[]): JsonObject {
  if (teams.length === 0) return {};
  const signers = teams.flatMap((team) => team.keys.signers);
  const roles = teams.map(({ name, keys, terminating, paths }) => ({ ...roleOf(keys), name, terminating, paths }));
  return { delegations: { keys: Object.fromEntries(signers.map((signer) => [signer.id, signer.key])), roles } };
}
