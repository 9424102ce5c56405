import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policyRevision } from '../../src/bundle/policy-revision.ts';
import { openHighWaterMark } from '../../src/sources/high-water-mark.ts';
import { createBundleStore } from '../../src/store/bundle-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openMarkFile } from '../../src/store/mark-file.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { unitEnvironment } from '../support/unit-environment.ts';
import type { Bench } from './bench.ts';
import { PROGRAM } from './built-program.ts';
import { type GeneratedRule, generateRules, policiesOf } from './policy-generator.ts';
import { type BenchProcess, nodeProgram, type Program, startServer } from './processes.ts';

export const ORG = 'bench';
/** A place for one daemon: configuration, sockets, and a state that holds an organisation's active bundle. */
export interface Machine {
  readonly config: string;
  readonly socket: string;
  readonly admin: string;
  /** Where its decision log lies. */
  readonly log: string;
}

/** A running server on a Unix socket, and what its answers contain. */
export interface Endpoint {
  readonly path: string;
  readonly pid?: number;
  readonly expect?: string;
}

/** `members`: more of the configuration. Without a `source` the stored bundle is all there is. */
export function prepareMachine(directory: string, rules: readonly GeneratedRule[], members: object = {}): Machine {
  const at = (name: string): string => join(directory, name);
  mkdirSync(at('state'), { recursive: true, mode: 0o700 });
  mkdirSync(at('local.d'), { mode: 0o755 });
  const config = {
    sockets: { decide: at('decide.sock'), admin: at('admin.sock') },
    state_directory: at('state'),
    local_directory: at('local.d'),
    log: { level: 'warn', destination: at('reeve.log') },
    ...members,
  };
  writeFileSync(at('reeve.yaml'), JSON.stringify(config), { mode: 0o600 });
  if (rules.length > 0) storeActiveBundle(at('state'), policiesOf(rules, ORG));
  return { config: at('reeve.yaml'), socket: at('decide.sock'), admin: at('admin.sock'), log: at('state/log.db') };
}

/** How it is asked. */
export function endpointOf({ socket }: Machine, pid?: number): Endpoint {
  return { path: socket, expect: '"decision":', ...(pid === undefined ? {} : { pid }) };
}

const prepared = new Map<string, Machine>();

/** One with generated rules, which several families use one after the other. */
export function preparedMachine({ directory }: Bench, size: number): Machine {
  const place = join(directory, `plain${size}`);
  const known = prepared.get(place) ?? prepareMachine(place, generateRules(size));
  prepared.set(place, known);
  return known;
}

/** As a sync leaves it behind: the daemon starts from this and asks nobody. */
function storeActiveBundle(state: string, policies: readonly object[]): void {
  const database = openDatabase(join(state, 'policy.db'), POLICY_MIGRATIONS);
  try {
    const store = createBundleStore(database);
    const at = Date.now();
    const revision = policyRevision({ org: ORG, policies });
    const bundle = {
      source: 'governance',
      org: ORG,
      revision,
      etag: null,
      terms: null,
      origin: null,
      fetchedAt: at,
      policies,
    };
    store.activate(store.putCandidate(bundle), {
      at,
      governed: ['network', 'filesystem'],
      sync: { completedAt: at, verifiedTime: null, cache: [], absences: [] },
    });
    const active = store.active();
    if (active.kind !== 'active') throw new Error('the bundle that was stored is not active');
    openHighWaterMark(openMarkFile(join(state, 'mark'))).commit(active.header, null);
  } finally {
    database.close();
  }
}

/** `reeve daemon`, as it is deployed. */
export function daemonProgram(machine: Machine, env: Program['env'] = {}): Program {
  return { ...nodeProgram(PROGRAM, ['daemon', '--config', machine.config]), env: { ...unitEnvironment(), ...env } };
}

export function startDaemon(machine: Machine): Promise<BenchProcess> {
  return startServer(daemonProgram(machine), { kind: 'unix', path: machine.socket });
}

/** A Node process that does nothing but answer on a socket, with threads that do nothing: what any daemon in Node has to pay. */
export function bareNode(path: string, env: Program['env'] = {}, threads = 0): Program {
  const thread = "new (require('node:worker_threads').Worker)('setInterval(() => 0, 60_000)', { eval: true });";
  const script = `${thread.repeat(threads)}require('node:net').createServer((s) => s.on('error', () => 0).pipe(s)).listen(${JSON.stringify(path)})`;
  return { command: process.execPath, args: ['-e', script], env };
}
