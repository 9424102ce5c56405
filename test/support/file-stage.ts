import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Clock } from '../../src/base/clock.ts';
import { createSnapshotHolder } from '../../src/pdp/snapshot-holder.ts';
import type { Compilation } from '../../src/policy/compilation.ts';
import { compile } from '../../src/policy/compile.ts';
import { type Activator, createActivator } from '../../src/sources/activate.ts';
import type { FileConfig } from '../../src/sources/file/config.ts';
import { createFileSource } from '../../src/sources/file/source.ts';
import type { PolicySource, SourceOutcome } from '../../src/sources/source.ts';
import { type BundleStore, createBundleStore } from '../../src/store/bundle-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import { activationParts } from './activation-parts.ts';
import { bundleText } from './bundle-documents.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { emptySet } from './policy-sets.ts';
import { tempDirectory } from './temp-tree.ts';

export interface FileStage<C extends Clock = ManualClock> {
  /** The bundle file, in a directory of its own below `root`. */
  readonly path: string;
  readonly root: string;
  readonly clock: C;
  readonly store: BundleStore;
  readonly activator: Activator;
  readonly source: PolicySource;
  readonly compilations: Compilation[];
  /** Replaces the file as device management should: in one step. */
  readonly put: (content: string | Uint8Array) => void;
  /** One run; what came of it. */
  readonly sync: () => Promise<SourceOutcome>;
}

export interface FileStageOptions<C extends Clock> {
  readonly clock: C;
  readonly config?: Partial<FileConfig>;
  readonly onStatus?: () => void;
}

/** Everything of ours from a bundle file to the swap, with a clock that stands still. */
export function fileStage(t: TestContext, config: Partial<FileConfig> = {}): FileStage {
  return fileStageWith(t, { config, clock: manualClock() });
}

export function fileStageWith<C extends Clock>(t: TestContext, options: FileStageOptions<C>): FileStage<C> {
  const { clock } = options;
  const root = tempDirectory(t);
  const path = join(root, 'bundle.json');
  const state = tempDirectory(t);
  const database = openDatabase(join(state, 'policy.db'), POLICY_MIGRATIONS);
  t.after(() => database.close());
  const store = createBundleStore(database);
  const holder = createSnapshotHolder(() => clock.now());
  const compilations: Compilation[] = [];
  const activator = createActivator({
    ...activationParts(state),
    store,
    clock,
    policySet: (org) =>
      org.kind === 'delivered'
        ? emptySet({ revision: org.revision, stored: org.stored, now: clock.now() })
        : emptySet({ now: clock.now() }),
    compile: (set) => Promise.resolve(compile(set)),
    publish: (compilation, cause) => {
      compilations.push(compilation);
      return holder.swap(compilation, cause).generation;
    },
  });
  const owners = [...new Set([0, process.geteuid?.() ?? 0])];
  const { onStatus } = options;
  const source = createFileSource({
    config: { org: 'acme', path, owners, publicKeys: null, ...options.config },
    version: '1.2.0',
    store,
    clock,
    random: () => 0.5,
    hostId: 'host-1',
    bundleIntervalMs: () => null,
    onPolicies: (bundle) => activator.activate(bundle),
    ...(onStatus === undefined ? {} : { onStatus }),
  });
  t.after(() => source.close());
  return {
    ...{ path, root, clock, store, activator, source, compilations },
    put(content) {
      writeFileSync(`${path}.new`, content, { mode: 0o644 });
      renameSync(`${path}.new`, path);
    },
    async sync() {
      const answer = await source.sync();
      if (answer.kind !== 'ran') throw new Error(`no run: ${answer.kind}`);
      return answer.outcome;
    },
  };
}

/** A bundle whose only rule allows one name. */
export function bundleAllowing(name: string, members: Readonly<Record<string, unknown>> = {}): string {
  const rule = { id: 'r1', name: 'r1', decision: 'allow', actions: ['connect:tcp'], resources: [name] };
  const policy = { id: 'p1', name: 'p1', org: 'acme', updated_at: '2026-05-30T09:00:00Z' };
  return bundleText({ policies: [{ ...policy, allowlist_v0: { rules: [rule] } }], ...members });
}

export function digestOfFile(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
