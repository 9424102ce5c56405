import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Updater } from 'tuf-js';
import { type ManualClock, manualClock } from '../../support/manual-clock.ts';
import { BUNDLE, TufRepository } from '../../support/tuf-repository.ts';
import { NOW, quickDirectory, type RepositoryServer, serveRepository, tufStage } from '../../support/tuf-stage.ts';

export type ClientName = 'reeve' | 'tuf-js';

/** One client in front of one repository, so that the same attack can be made on both. */
export interface Attacked {
  readonly client: ClientName;
  readonly repository: TufRepository;
  readonly served: RepositoryServer;
  readonly clock: ManualClock;
  /** `accepted`, or how it was refused: `code @role` here, the class of the error there. */
  readonly poll: () => Promise<string>;
  /** What this machine serves; '' where the client has no notion of it. */
  readonly serving: () => string;
  /** Loses the stored metadata of these roles. */
  readonly lose: (...roles: string[]) => void;
  /** Puts other bytes in the place of the newest stored root, or of root 2 where roots are numbered. */
  readonly plantRoot: (bytes: Buffer) => void;
}

export interface ClientOptions {
  readonly target?: string;
  readonly deadlineMs?: number;
  /** Before root 1 is published. */
  readonly prepare?: ((repository: TufRepository) => void) | undefined;
}

function preparedRepository({ prepare }: ClientOptions): TufRepository {
  const repository = new TufRepository(NOW);
  prepare?.(repository);
  repository.publishRoot();
  repository.publishBundle();
  return repository;
}

export async function ourClient(t: TestContext, options: ClientOptions): Promise<Attacked> {
  const repository = preparedRepository(options);
  const { target = BUNDLE, deadlineMs = 10_000 } = options;
  const stage = await tufStage(t, { repository, config: { target, deadlineMs } });
  const { database, tufStore, clock } = stage;
  return {
    ...{ client: 'reeve', repository, served: stage, clock },
    serving: stage.serving,
    poll: async () => {
      const verdict = await stage.polled();
      return verdict === 'activated' || verdict === 'unchanged' ? 'accepted' : verdict;
    },
    lose: (...roles) => {
      for (const role of roles) database.prepare('DELETE FROM tuf_held WHERE role = ?').run(role);
    },
    plantRoot: (bytes) => tufStore.putRoot(2, bytes),
  };
}

/** The reference client with its own fetcher; a new one each time, as it wants to be used. */
export async function theirClient(t: TestContext, options: ClientOptions): Promise<Attacked> {
  const repository = preparedRepository(options);
  const { target = BUNDLE, deadlineMs = 10_000 } = options;
  const served = await serveRepository(t, repository);
  const clock = manualClock(NOW);
  const directory = mkdtempSync(join(quickDirectory(), 'reeve-tuf-js-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, 'root.json'), repository.pinnedRoot);
  const { origin } = served.server;
  const update = async (): Promise<string> => {
    const updater = new Updater({
      ...{ metadataDir: directory, metadataBaseUrl: `${origin}/metadata` },
      ...{ targetDir: directory, targetBaseUrl: `${origin}/targets` },
      config: { fetchRetries: 0, fetchTimeout: deadlineMs },
    });
    // the time is fixed in the constructor, and only this field changes it
    Reflect.set(Reflect.get(updater, 'trustedSet') as object, 'referenceTime', new Date(clock.now()));
    await updater.refresh();
    const info = await updater.getTargetInfo(target);
    if (info === undefined) return 'undefined';
    await updater.downloadTarget(info);
    return 'accepted';
  };
  return {
    ...{ client: 'tuf-js', repository, served, clock },
    serving: () => '',
    poll: () => update().catch((error: unknown) => (error instanceof Error ? error.constructor.name : String(error))),
    lose: (...roles) => {
      for (const role of roles) rmSync(join(directory, `${role}.json`));
    },
    plantRoot: (bytes) => writeFileSync(join(directory, 'root.json'), bytes),
  };
}
