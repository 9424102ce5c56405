import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/coded-error.ts';
import { VERSION } from '../daemon/version.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, textOption } from './command.ts';
import { durationMs } from './duration.ts';
import { openKeys } from './signing-keys.ts';

/** What publishes the policies of a control plane beside it. */
export interface ControlPlanePublishing {
  readonly repository: string;
  readonly changed: (org: string) => void;
  readonly start: (policies: (org: string) => readonly unknown[]) => void;
  readonly close: () => Promise<void>;
}

type PolicyReader = (org: string) => readonly unknown[];

/** Null where nothing is to be published. Keys are opened before anything listens: the terminal may ask. */
export async function preparedPublishing(
  input: CommandInput,
  log: (entry: object) => void,
): Promise<ControlPlanePublishing | null> {
  const repository = textOption(input, 'repository');
  if (repository === undefined) return null;
  const [{ publishInThread }, { createRegular }] = await Promise.all([
    import('../publisher/publishing-thread.ts'),
    import('../publisher/regular.ts'),
  ]);
  const outlet = await outletOf(input, repository);
  const { org } = outlet.head;
  let policies: PolicyReader = () => [];
  const regular = createRegular({
    clock: systemClock,
    everyMs: outlet.resignEveryMs,
    run: async () => {
      const now = systemClock.now();
      const { result, bundles, timestamp, warnings } = await publishInThread({ outlet, policies: policies(org), now });
      log({ event: 'published', result, org, revision: bundles[0]?.revision ?? null, timestamp });
      for (const { code, message } of warnings) log({ event: 'notice', code, message });
    },
    onTrouble: (error) => log({ event: 'not_published', org, message: messageOf(error) }),
  });
  return {
    repository,
    changed: (changed) => {
      if (changed === org) regular.changed();
    },
    start(reader) {
      policies = reader;
      regular.start();
    },
    close: regular.close,
  };
}

async function outletOf(input: CommandInput, repository: string) {
  const [{ readHeadFile }, { RESIGN_EVERY_MS }, { readRootFile }] = await Promise.all([
    import('../publisher/bundle-head.ts'),
    import('../publisher/expiries.ts'),
    import('../publisher/published-root.ts'),
  ]);
  const [head, root, every] = ['head', 'root', 'every'].map((name) => textOption(input, name));
  if (head === undefined) throw new CliError('usage', '--repository needs --head FILE, which says the organisation');
  return {
    repository,
    path: 'bundle.json.gz',
    head: readHeadFile(head),
    ...(root === undefined ? {} : { root: readRootFile(root) }),
    resignEveryMs: every === undefined ? RESIGN_EVERY_MS : durationMs('--every', every),
    keys: await openKeys(input),
    version: VERSION,
  };
}
