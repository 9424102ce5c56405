import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { policyRevision } from '../../src/bundle/policy-revision.ts';
import { createCompiledKeeper } from '../../src/daemon/policy/compiled-keeper.ts';
import { createSnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import { createActivator } from '../../src/sources/activate.ts';
import { createBundleStore } from '../../src/store/bundle-store.ts';
import { createCompiledStore } from '../../src/store/compiled-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { activationParts } from '../support/activation-parts.ts';
import { emptySet } from '../support/policy-sets.ts';
import { generateRules, policiesOf } from './policy-generator.ts';

export type ActivationRequest =
  | { readonly kind: 'rules'; readonly count: number }
  | { readonly kind: 'parse' }
  | { readonly kind: 'activate' };

/** Milliseconds of CPU, of all threads. */
export interface ActivationReply {
  readonly cpuMs: number;
  readonly wallMs: number;
}

// The daemon's way from a bundle's text to the swap and what follows it: parse, revision, candidate, compile, activate,
// keep what was compiled.
const ORG = 'bench';
const database = openDatabase(join(process.argv[2] ?? '', 'policy.db'), POLICY_MIGRATIONS);
const holder = createSnapshotHolder(() => Date.now());
const keeper = createCompiledKeeper(createCompiledStore(database), (error) => {
  throw error;
});
const activator = createActivator({
  ...activationParts(process.argv[2] ?? ''),
  store: createBundleStore(database),
  clock: systemClock,
  policySet: (org) => emptySet(org.kind === 'delivered' ? { revision: org.revision, stored: org.stored } : {}),
  compile: (set) => Promise.resolve(keeper.compile(set)),
  publish: (compilation, cause) => {
    const { generation } = holder.swap(compilation, cause);
    keeper.keep();
    return generation;
  },
});

let text = '';
let version = 0;

async function answer(request: ActivationRequest): Promise<void> {
  if (request.kind === 'rules') {
    text = JSON.stringify({ policies: policiesOf(generateRules(request.count), ORG) });
    return;
  }
  const policies = parse();
  if (request.kind === 'parse') return;
  version += 1;
  const changed = [...policies, { ...(policies[0] as object), id: 'last', description: `version ${version}` }];
  const revision = policyRevision({ org: ORG, policies: changed });
  const bundle = {
    source: 'governance',
    org: ORG,
    revision,
    etag: null,
    terms: null,
    origin: null,
    fetchedAt: Date.now(),
    sync: null,
  };
  const outcome = await activator.activate({ ...bundle, policies: changed });
  if (outcome.kind !== 'activated') throw new Error(`the activation ended as ${JSON.stringify(outcome)}`);
}

function parse(): readonly unknown[] {
  return (JSON.parse(text) as { policies: readonly unknown[] }).policies;
}

process.on('message', (request: ActivationRequest) => {
  const started = { at: performance.now(), used: process.cpuUsage() };
  void answer(request).then(() => {
    const { user, system } = process.cpuUsage(started.used);
    process.send?.({ cpuMs: (user + system) / 1_000, wallMs: performance.now() - started.at });
  });
});
