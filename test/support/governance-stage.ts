import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createSnapshotHolder, type SnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import type { Compilation } from '../../src/policy/compilation.ts';
import { compile } from '../../src/policy/compile.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { type Activator, createActivator } from '../../src/sources/activate.ts';
import { createGovernanceSource } from '../../src/sources/governance/source.ts';
import type { GovernanceConfig } from '../../src/sources/governance/sync-run.ts';
import type { OrgPolicies, StoredPolicyParts } from '../../src/sources/org-policies.ts';
import type { PolicySource } from '../../src/sources/source.ts';
import { type BundleStore, createBundleStore } from '../../src/store/bundle-store.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { activationParts, type Heard } from './activation-parts.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { emptySet } from './policy-sets.ts';
import { answerJson, type ScriptedServer, type SeenRequest, scriptedServer } from './scripted-server.ts';

export const ORG = 'acme';
export const SECRET = 'secret-that-nobody-may-see';

export interface StoredPolicy {
  readonly id: string;
  readonly updated_at: string;
  readonly [member: string]: unknown;
}

/** A `Policy` with one rule, as the API gives it. */
export function networkPolicy(id: string, resource: string, more: Record<string, unknown> = {}): StoredPolicy {
  const rule = { id: `rule_${id}`, name: 'a rule', decision: 'allow', actions: ['connect:tcp'], resources: [resource] };
  return {
    id,
    name: `policy ${id}`,
    org: ORG,
    created_at: '2026-05-01T00:00:00Z',
    updated_at: '2026-05-01T00:00:00Z',
    scope: {},
    allowlist_v0: { domain: 'network', rules: [rule] },
    ...more,
  };
}

/** True = the request has been answered. */
export type Intercept = (request: SeenRequest, response: ServerResponse) => boolean;

export interface GovernanceStage {
  readonly server: ScriptedServer;
  readonly policies: Map<string, StoredPolicy>;
  /** Looks at each request first; a test puts its misbehaviour here. */
  intercept: Intercept;
  readonly clock: ManualClock;
  readonly store: BundleStore;
  readonly holder: SnapshotHolder;
  /** What was compiled of it, listing and all. */
  readonly serving: () => Compilation | null;
  readonly activator: Activator;
  readonly source: PolicySource;
  /** What the activator was given last. */
  readonly orgs: OrgPolicies[];
  /** Of the database and the mark. */
  readonly directory: string;
  readonly database: Database;
  /** Another activator over the same files, as the next start makes one. */
  readonly restart: (heard: Heard, verifyStored?: StoredPolicyParts['verifyStored']) => Activator;
  /** From here on every statement fails. */
  readonly breakDatabase: () => void;
  /** Lets a poll come to its end. */
  readonly settled: () => Promise<void>;
  /** Moves the clock; polls that begin come to their end. */
  readonly pass: (seconds: number) => Promise<void>;
  /** What the source told of its troubles; null = they are over. */
  readonly troubles: readonly (string | null)[];
  /** Paths of the requests since the last call. */
  readonly asked: () => string[];
}

export interface StageOptions {
  readonly config?: Partial<GovernanceConfig>;
  readonly directory?: string;
  readonly clock?: ManualClock;
  readonly credential?: unknown;
  readonly compile?: (set: PolicySet) => ReturnType<typeof compile>;
}

/** A governance server that behaves until told otherwise, and everything of ours from the source to the swap. */
export async function governanceStage(t: TestContext, options: StageOptions = {}): Promise<GovernanceStage> {
  const directory = options.directory ?? temporaryDirectory(t);
  const clock = options.clock ?? manualClock();
  const policies = new Map<string, StoredPolicy>();
  const stage = { intercept: (() => false) as Intercept };
  const server = await scriptedServer(t, (request, response) => {
    if (!stage.intercept(request, response)) answerAsApi(policies, request, response);
  });
  const credentialFile = join(directory, 'credential.json');
  writeFileSync(credentialFile, JSON.stringify(options.credential ?? { identifier: 'machine', secret: SECRET }), {
    mode: 0o600,
  });
  const database = openDatabase(join(directory, 'policy.db'), POLICY_MIGRATIONS);
  t.after(() => database.close());
  const store = createBundleStore(database);
  const holder = createSnapshotHolder(() => clock.now());
  const orgs: OrgPolicies[] = [];
  const troubles: (string | null)[] = [];
  const compileSet = options.compile ?? compile;
  let serving: Compilation | null = null;
  const activatorWith = (parts: Omit<StoredPolicyParts, 'store'>): Activator =>
    createActivator({
      ...parts,
      store,
      clock,
      policySet: (org) => {
        orgs.push(org);
        return setOf(org, clock.now());
      },
      compile: (set) => new Promise((resolve) => resolve(compileSet(set))),
      publish: (compilation, cause) => {
        serving = compilation;
        return holder.swap(compilation, cause).generation;
      },
    });
  const activator = activatorWith(activationParts(directory));
  const config = { baseUrl: `${server.origin}/v2`, org: ORG, credentialFile, deadlineMs: 1_000, ...options.config };
  const source = createGovernanceSource({
    config,
    store,
    clock,
    random: () => 0.5,
    hostId: 'host-1',
    bundleIntervalMs: () => null,
    onPolicies: (bundle) => activator.activate(bundle),
    onTrouble: (error) => void troubles.push(error === null ? null : error.code),
  });
  t.after(() => source.close());
  const settled = async (): Promise<void> => {
    do await new Promise((resolve) => setTimeout(resolve, 2));
    while (source.status().next_attempt === null && source.status().state !== 'closed');
  };
  let read = 0;
  return Object.assign(stage, {
    server,
    policies,
    clock,
    store,
    holder,
    serving: () => serving,
    activator,
    source,
    orgs,
    troubles,
    directory,
    database,
    restart: (heard: Heard, verifyStored?: StoredPolicyParts['verifyStored']) =>
      activatorWith({ ...activationParts(directory, heard), ...(verifyStored === undefined ? {} : { verifyStored }) }),
    breakDatabase: () => database.close(),
    settled,
    pass: (seconds: number) => clock.advanceSlowly(seconds * 1_000, settled),
    asked: () => {
      const fresh = server.seen.slice(read).map((request) => request.url.replace(`/v2/orgs/${ORG}/governance`, ''));
      read = server.seen.length;
      return fresh;
    },
  });
}

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-governance-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function setOf(org: OrgPolicies, now: number): PolicySet {
  const { wasGoverned } = org;
  if (org.kind === 'delivered') return emptySet({ revision: org.revision, stored: org.stored, wasGoverned, now });
  const closure = { code: org.kind === 'none' ? 'no_policy' : 'not_ready', reason: 'nothing to serve' } as const;
  return emptySet({ now, wasGoverned, closed: { network: closure, filesystem: closure } });
}

function answerAsApi(policies: Map<string, StoredPolicy>, request: SeenRequest, response: ServerResponse): void {
  const url = new URL(request.url, 'http://localhost');
  const root = `/v2/orgs/${ORG}/governance/policies`;
  if (url.pathname === '/v2/auth/token') {
    answerJson(response, 200, { access_token: 'token' });
  } else if (url.pathname === root) {
    const data = [...policies.values()].map((policy) => ({ ...policy, allowlist_v0: undefined, type: 'allowlist_v0' }));
    answerJson(response, 200, { data, next_page_token: null });
  } else {
    const policy = policies.get(decodeURIComponent(url.pathname.slice(root.length + 1)));
    if (policy === undefined) answerJson(response, 404, { error: { code: 'not_found', message: 'policy not found' } });
    else answerJson(response, 200, policy);
  }
}
