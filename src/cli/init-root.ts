import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { codeOf, messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { CliError } from './cli-error.ts';
import type { InitPlan, PlannedRoot } from './init-plan.ts';

/** The bytes of the pinned root, checked to be one. Throws a `CliError`. */
export async function pinnedRoot(plan: InitPlan, root: PlannedRoot, baseUrl: string): Promise<Buffer> {
  const bytes = root.kind === 'file' ? readRoot(root.path) : await fetchRoot(plan, root.sha256, baseUrl);
  const { followStored } = await import('../tuf/root-chain.ts');
  try {
    followStored(bytes, () => null);
    return bytes;
  } catch (error) {
    throw new CliError('failed', `this is no root that could be pinned: ${messageOf(error)}`);
  }
}

function readRoot(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = codeOf(error) ?? 'error';
    throw new CliError('failed', `cannot read the pinned root ${shown(path)} (${code})`);
  }
}

/** What the repository shows is taken only with the digest that came another way. */
async function fetchRoot({ proxy, caFile }: InitPlan, sha256: string, baseUrl: string): Promise<Buffer> {
  const [{ openDownloader }, { MAX_PINNED_ROOT_BYTES }] = await Promise.all([
    import('../http/download.ts'),
    import('../schema/limits.ts'),
  ]);
  const downloader = openDownloader({
    ...{ baseUrl, now: () => Date.now() },
    ...(proxy === null ? {} : { proxy }),
    ...(caFile === null ? {} : { caFile }),
  });
  try {
    const answer = await downloader.get({ path: '/metadata/1.root.json', maxBytes: MAX_PINNED_ROOT_BYTES });
    if (answer.kind !== 'bytes') throw new CliError('failed', `there is no root at ${shown(baseUrl)}`);
    const found = createHash('sha256').update(answer.bytes).digest('hex');
    if (found === sha256) return answer.bytes;
    throw new CliError(
      'failed',
      `the root of this repository has the digest ${found}, and ${sha256} was named`,
      'ask whoever gave you the digest: a repository of somebody else looks like this',
    );
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError('failed', messageOf(error), 'name the root as a file with --root FILE');
  } finally {
    await downloader.close();
  }
}
