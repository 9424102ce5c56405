import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { policyRevision } from '../../src/bundle/policy-revision.ts';
import { createBundleStore } from '../../src/store/bundle-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import type { GeneratedRule } from './policy-generator.ts';
import { policiesOf } from './policy-generator.ts';
import { type BenchProcess, nodeProgram, startServer } from './processes.ts';

export const ORG = 'bench';
const ROOT = join(import.meta.dirname, '../..');
/** The program as it is in the repository, and as `npm run build` leaves it. */
export const SOURCE_PROGRAM = join(ROOT, 'src/cli/main.ts');
export const BUILT_PROGRAM = join(ROOT, 'dist/cli/main.js');

/** A place for one daemon: configuration, sockets, and a state that holds an organisation's active bundle. */
export interface Machine {
  readonly config: string;
  readonly socket: string;
}

export function prepareMachine(directory: string, rules: readonly GeneratedRule[]): Machine {
  const at = (name: string): string => join(directory, name);
  mkdirSync(at('state'), { recursive: true, mode: 0o700 });
  mkdirSync(at('local.d'), { mode: 0o755 });
  const config = {
    sockets: { decide: at('decide.sock'), admin: at('admin.sock') },
    state_directory: at('state'),
    local_directory: at('local.d'),
    log: { level: 'warn', destination: at('reeve.log') },
  };
  writeFileSync(at('reeve.yaml'), JSON.stringify(config), { mode: 0o600 });
  storeActiveBundle(at('state/policy.db'), policiesOf(rules, ORG));
  return { config: at('reeve.yaml'), socket: at('decide.sock') };
}

/** As a sync leaves it behind: the daemon starts from this and asks nobody. */
function storeActiveBundle(path: string, policies: readonly object[]): void {
  const database = openDatabase(path, POLICY_MIGRATIONS);
  try {
    const store = createBundleStore(database);
    const at = Date.now();
    const revision = policyRevision({ org: ORG, policies });
    const bundle = { source: 'governance', org: ORG, revision, etag: null, fetchedAt: at, policies };
    store.activate(store.putCandidate(bundle), {
      at,
      governed: ['network', 'filesystem'],
      sync: { completedAt: at, verifiedTime: null, cache: [], absences: [] },
    });
  } finally {
    database.close();
  }
}

/** `reeve daemon`, as it is deployed. */
export function startDaemon(machine: Machine, flags: readonly string[] = []): Promise<BenchProcess> {
  const program = nodeProgram(SOURCE_PROGRAM, ['daemon', '--config', machine.config], flags);
  return startServer(program, { kind: 'unix', path: machine.socket });
}
