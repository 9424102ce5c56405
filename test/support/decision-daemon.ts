import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DaemonPort, LocalApiLog, RulesReading, SyncOutcome } from '../../src/localapi/daemon-port.ts';
import type { LocalApiLimits } from '../../src/localapi/limits.ts';
import { type LocalApi, type LocalApiOptions, startLocalApi } from '../../src/localapi/start-local-api.ts';
import { createDecisionPoint } from '../../src/pdp/decision-point.ts';
import { PathResolver } from '../../src/pdp/path-resolver.ts';
import { createSnapshotHolder, type SnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import type { Compilation } from '../../src/policy/compilation.ts';
import { compile } from '../../src/policy/compile.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { emptySet } from './policy-sets.ts';
import type { Scope } from './scope.ts';

/** The policy of the AuthZEN cases: one network allow, one tree allowed to read, a part of it denied. */
export const AUTHZEN_POLICIES = [
  {
    id: 'net',
    name: 'net',
    allowlist_v0: {
      rules: [
        { id: 'n1', name: 'n1', decision: 'allow', actions: ['connect:tcp'], resources: ['api.example.com:443'] },
      ],
    },
  },
  {
    id: 'fs',
    name: 'fs',
    allowlist_v0: {
      rules: [
        { id: 'f1', name: 'f1', decision: 'allow', actions: ['read'], resources: ['/srv/data/**'] },
        { id: 'f2', name: 'f2', decision: 'deny', actions: ['read'], resources: ['/srv/data/secret/**'] },
      ],
    },
  },
];

/** An org that governs both domains by these policies. */
export function policySet(policies: readonly unknown[], changes: Partial<PolicySet> = {}): PolicySet {
  const governs = { network: true, filesystem: true };
  return emptySet({ revision: 'r1', now: 0, verifiedNow: 0, policies, governs, ...changes });
}

export interface DecisionDaemonOptions {
  readonly limits?: Partial<LocalApiLimits>;
  readonly set?: PolicySet | null;
  readonly port?: Partial<DaemonPort>;
  readonly sync?: () => Promise<SyncOutcome>;
  readonly credentials?: LocalApiOptions['credentials'];
}

export interface DecisionDaemon {
  readonly api: LocalApi;
  readonly directory: string;
  readonly decide: string;
  readonly admin: string;
  readonly holder: SnapshotHolder;
  /** What the server logged as an error; a test that expects none asserts so. */
  readonly errors: readonly string[];
}

/** A socket server over the real decision point: everything of the daemon but its sources. */
export async function startDecisionDaemon(t: Scope, options: DecisionDaemonOptions = {}): Promise<DecisionDaemon> {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-api-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const holder = createSnapshotHolder(() => 0);
  const set = options.set === undefined ? policySet(AUTHZEN_POLICIES) : options.set;
  const compilation = set === null ? null : compile(set);
  if (compilation !== null) holder.swap(compilation, 'start');
  const resolver = new PathResolver();
  t.after(() => resolver.close());
  // its thread takes longer to load than a first request may wait
  await resolver.resolve('/');
  const errors: string[] = [];
  const [decide, admin] = [join(directory, 'decide.sock'), join(directory, 'admin.sock')];
  const api = await startLocalApi({
    sockets: {
      decide: { kind: 'path', path: decide, mode: 0o666 },
      admin: { kind: 'path', path: admin, mode: 0o600 },
    },
    port: {
      ...daemonPort(holder, resolver, options),
      rules: () => Promise.resolve(listed(compilation)),
      ...options.port,
    },
    log: recordingLog(errors),
    // clients of a test that reads nothing would keep it waiting
    limits: { drainMs: 300, ...options.limits },
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
  t.after(() => api.close());
  return { api, directory, decide, admin, holder, errors };
}

function listed(compilation: Compilation | null): RulesReading {
  return { kind: 'rules', json: JSON.stringify({ rules: compilation?.listing ?? [] }) };
}

function daemonPort(
  holder: SnapshotHolder,
  resolver: PathResolver,
  { sync }: DecisionDaemonOptions,
): Omit<DaemonPort, 'rules'> {
  const identity = (): { revision: string; generation: number } => {
    const snapshot = holder.current();
    return { revision: snapshot?.policy.revision ?? '', generation: snapshot?.generation ?? 0 };
  };
  return {
    decisionPoint: createDecisionPoint({
      holder,
      resolve: (sent) => resolver.resolve(sent),
      homeKnown: () => true,
      findHome: () => Promise.resolve(),
    }),
    identity,
    status: identity,
    ready: () => holder.current() !== null,
    metrics: () => '',
    sync: sync ?? (() => Promise.resolve({ kind: 'live', ...identity() })),
    log: () => Promise.resolve({ kind: 'unavailable' as const, message: 'no log here' }),
    reset: () => Promise.resolve({ kind: 'failed' as const, code: 'not_here', message: 'there is no state here' }),
    authzenIdentifier: 'https://reeve.invalid',
  };
}

function recordingLog(errors: string[]): LocalApiLog {
  return {
    info: () => undefined,
    warn: () => undefined,
    error: (fields, message) => void errors.push(`${message} ${JSON.stringify(fields)}`),
  };
}
