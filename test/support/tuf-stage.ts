import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Compilation } from '../../src/policy/compilation.ts';
import { compile } from '../../src/policy/compile.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { type Activator, createActivator } from '../../src/sources/activate.ts';
import type { AuditEvent } from '../../src/sources/audit-event.ts';
import type { OrgPolicies } from '../../src/sources/org-policies.ts';
import type { PolicySource, SourceOutcome } from '../../src/sources/source.ts';
import type { TufConfig } from '../../src/sources/tuf/config.ts';
import { createTufSource } from '../../src/sources/tuf/source.ts';
import { verifyStoredBundle } from '../../src/sources/tuf/verify-stored.ts';
import { type BundleStore, createBundleStore } from '../../src/store/bundle-store.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { createTufStore, type TufStore } from '../../src/store/tuf-store.ts';
import { activationParts } from './activation-parts.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { emptySet } from './policy-sets.ts';
import type { Scope } from './scope.ts';
import { type ScriptedServer, type SeenRequest, scriptedServer } from './scripted-server.ts';
import { BUNDLE, ORG, sha256, TufRepository } from './tuf-repository.ts';

/** True = the request has been answered. */
export type Intercept = (path: string, request: SeenRequest, response: ServerResponse) => boolean;

/** A web server in front of a repository, which answers as static servers do until told otherwise. */
export interface RepositoryServer {
  readonly server: ScriptedServer;
  intercept: Intercept;
  /** The files that are served; those of the repository unless somebody else took their place. */
  files: ReadonlyMap<string, Buffer>;
  /** Of a file; a server may be wrong about them. */
  etag: (path: string, bytes: Buffer) => string | null;
  /** Paths of the requests since the last call, with the status where it was not 200. */
  readonly asked: () => string[];
}

export async function serveRepository(t: Scope, repository: TufRepository): Promise<RepositoryServer> {
  const answered: string[] = [];
  const served: Omit<RepositoryServer, 'server' | 'asked'> = {
    intercept: () => false,
    files: repository.files,
    etag: (_path, bytes) => `"${sha256(bytes).slice(0, 16)}"`,
  };
  const server = await scriptedServer(t, (request, response) => {
    const path = request.url.slice(1);
    response.on('close', () => answered.push(response.statusCode === 200 ? path : `${path} ${response.statusCode}`));
    if (served.intercept(path, request, response)) return;
    const bytes = served.files.get(path);
    if (bytes === undefined) {
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html>404</html>');
      return;
    }
    const etag = served.etag(path, bytes);
    const headers = etag === null ? {} : { etag };
    if (etag !== null && request.headers['if-none-match'] === etag) response.writeHead(304, headers).end();
    else response.writeHead(200, headers).end(bytes);
  });
  return Object.assign(served, {
    server,
    asked: () => answered.splice(0).map((line) => line.replace('metadata/', '')),
  });
}

export interface TufStage extends RepositoryServer {
  readonly repository: TufRepository;
  readonly clock: ManualClock;
  readonly directory: string;
  readonly database: Database;
  readonly store: BundleStore;
  readonly tufStore: TufStore;
  readonly activator: Activator;
  readonly source: PolicySource;
  readonly events: AuditEvent[];
  /** The hosts that the policy allows, or what the organisation's policy is instead. */
  readonly serving: () => string;
  readonly sync: () => Promise<SourceOutcome>;
  /** Publishes and polls: `activated`, `unchanged`, or `code @role` or `stage code` of the failure. */
  readonly polled: () => Promise<string>;
  /** Lets a poll come to its end. */
  readonly settled: () => Promise<void>;
  /** The same machine after a restart: what it served is verified again; nothing is polled. */
  readonly restarted: (more?: Partial<TufStageOptions>) => Promise<TufStage>;
}

export interface TufStageOptions {
  readonly repository: TufRepository;
  readonly clock: ManualClock;
  readonly directory: string;
  readonly pinnedRoot: Buffer;
  readonly config: Partial<TufConfig>;
}

/** Where syncing to a disk costs nothing, if there is such a place: no test here pulls the plug. */
export function quickDirectory(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

export const NOW = Date.parse('2026-06-01T12:00:00Z');

/** A repository on a web server, and everything of ours from the source to the swap. */
export async function tufStage(t: Scope, options: Partial<TufStageOptions> = {}): Promise<TufStage> {
  const clock = options.clock ?? manualClock(NOW);
  const repository = options.repository ?? TufRepository.published(clock.now());
  const directory = options.directory ?? mkdtempSync(join(quickDirectory(), 'reeve-tuf-'));
  if (options.directory === undefined) t.after(() => rmSync(directory, { recursive: true, force: true }));
  const served = await serveRepository(t, repository);
  const database = openDatabase(join(directory, 'policy.db'), POLICY_MIGRATIONS);
  t.after(() => database.close());
  const [store, tufStore] = [createBundleStore(database), createTufStore(database)];
  const pinnedRoot = options.pinnedRoot ?? repository.pinnedRoot;
  const target = options.config?.target ?? BUNDLE;
  const events: AuditEvent[] = [];
  let policy: Compilation | null = null;
  let generation = 0;
  const parts = activationParts(directory, { events });
  const activator = createActivator({
    ...parts,
    verifyStored: (bundle) =>
      verifyStoredBundle({ store: tufStore, pinnedRoot, target, rootFloor: parts.mark.floor().rootVersion }, bundle),
    store,
    clock,
    policySet: (org) => setOf(org, clock.now()),
    compile: (set) => new Promise((resolve) => resolve(compile(set))),
    publish: (compilation) => {
      policy = compilation;
      return (generation += 1);
    },
  });
  const stage = Object.assign(served, {
    ...{ repository, clock, directory, database, store, tufStore, activator, events },
  });
  const source = createTufSource({
    config: {
      ...{
        baseUrl: served.server.origin,
        org: ORG,
        target,
        pinnedRoot: pinnedRoot.toString('utf8'),
        deadlineMs: 10_000,
      },
      ...options.config,
    },
    ...{ store, tufStore, clock, hostId: 'host-1', version: '0.1.0' },
    random: () => 0.5,
    bundleIntervalMs: () => null,
    floor: () => parts.mark.floor(),
    raise: (trusted) => parts.mark.raise(trusted),
    serving: () => (activator.org().kind === 'delivered' ? activator.live() : null),
    onPolicies: (bundle) => activator.activate(bundle),
    onRevoked: () => activator.restore(),
  });
  t.after(() => source.close());
  const sync = async (): Promise<SourceOutcome> => {
    const answer = await source.sync();
    if (answer.kind !== 'ran') throw new Error(`the poll was ${answer.kind}`);
    return answer.outcome;
  };
  const closeAll = async (): Promise<void> => {
    await source.close();
    database.close();
  };
  return Object.assign(stage, {
    source,
    sync,
    serving: () => servingText(activator.org(), policy),
    polled: async () => verdictOf(await sync()),
    settled: async (): Promise<void> => {
      do await new Promise((resolve) => setTimeout(resolve, 2));
      while (source.status().next_attempt === null && source.status().state !== 'closed');
    },
    restarted: async (more: Partial<TufStageOptions> = {}) => {
      await closeAll();
      const next = await tufStage(t, { repository, clock, directory, pinnedRoot, config: { target }, ...more });
      await next.activator.restore();
      return next;
    },
  });
}

export function verdictOf(outcome: SourceOutcome): string {
  if (outcome.kind === 'ok') return outcome.result;
  const { stage, code, message } = outcome.failure;
  const role = /^([a-z][a-z0-9-]*): /.exec(message)?.[1];
  return role === undefined ? `${stage} ${code}` : `${code} @${role}`;
}

function servingText(org: OrgPolicies, policy: Compilation | null): string {
  if (org.kind !== 'delivered') return org.kind;
  return policy?.listing.flatMap((rule) => rule.resources).join(' ') ?? 'nothing';
}

function setOf(org: OrgPolicies, now: number): PolicySet {
  const { wasGoverned } = org;
  if (org.kind === 'delivered') return emptySet({ revision: org.revision, stored: org.stored, wasGoverned, now });
  const closure = { code: org.kind === 'none' ? 'no_policy' : 'not_ready', reason: 'nothing to serve' } as const;
  return emptySet({ now, wasGoverned, closed: { network: closure, filesystem: closure } });
}
