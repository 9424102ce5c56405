import { followStored, type TrustedRoot } from '../tuf/root-chain.ts';
import { chooseRoles } from './choose-roles.ts';
import { RESIGN_EVERY_MS } from './expiries.ts';
import { lead } from './lead.ts';
import { withLock } from './lock.ts';
import { signOnline } from './online.ts';
import { type PublicationReport, reportOf } from './publication-report.ts';
import { PublisherError } from './publisher-error.ts';
import { metadataPath, openRepository, type RepositoryDirectory } from './repository-directory.ts';
import { type RepositoryState, readState } from './repository-state.ts';
import { retireFiles } from './retire-files.ts';
import { type RootTransition, rootsOf, rootTransition } from './root-transition.ts';
import { type SigningKey, signersOf, suffices } from './signers.ts';
import { type Change, NO_CHANGE, stage } from './stage.ts';

export interface Publication {
  /** The directory of the repository; made if it is not there. */
  readonly repository: string;
  readonly keys: readonly SigningKey[];
  readonly now: number;
  /** The first root, or the one after the newest that is published. */
  readonly root?: Uint8Array | undefined;
  readonly change?: Change;
  /** How often somebody signs the timestamp; the bundles' ladders have to allow it. */
  readonly resignEveryMs?: number;
}

/**
 * Publishes a change, a next root, or only freshness. Everything is written before the step that leads machines to it,
 * and it is verified as a daemon would before that (tuf, 9). Throws, and then what was published before still is.
 */
export async function publish(publication: Publication): Promise<PublicationReport> {
  const directory = openRepository(publication.repository);
  return withLock(directory, async () => {
    placeFirstRoot(directory, publication.root);
    const state = stateOf(directory);
    const transition = rootTransition(state, publication.root, publication.keys);
    if (transition.kind !== 'alone') return publishOver(directory, { state, transition }, publication);
    const { version } = transition.next.root.file;
    const path = metadataPath('root', version);
    directory.write(path, transition.next.bytes);
    const after = stateOf(directory);
    if (isOnlyRoot(after, publication))
      return reportOf(after, { result: 'published', written: [path] }, publication.now);
    const report = await publishOver(directory, { state: after, transition: { kind: 'none' } }, publication);
    return { ...report, result: 'published', written: [path, ...report.written] };
  });
}

function placeFirstRoot(directory: RepositoryDirectory, root: Uint8Array | undefined): void {
  if (root === undefined || directory.versions().some(({ role }) => role === 'root')) return;
  const { file } = followStored(root, () => null).root;
  directory.write(metadataPath('root', file.version), root);
}

function stateOf(directory: RepositoryDirectory, roots?: readonly TrustedRoot[]): RepositoryState {
  const state = readState(directory, roots);
  if (state !== null) return state;
  const message = `\`${directory.path}\` has no root yet: give the first one with --root`;
  throw new PublisherError('repository_unusable', message);
}

/** A ceremony's result needs none of the online keys. */
function isOnlyRoot({ root }: RepositoryState, { keys, change = NO_CHANGE }: Publication): boolean {
  return change === NO_CHANGE && !hasOnlineKeys([root], keys);
}

function hasOnlineKeys(roots: readonly TrustedRoot[], keys: readonly SigningKey[]): boolean {
  return roots.every(({ file }) => suffices(signersOf(file, 'timestamp'), keys));
}

interface Start {
  readonly state: RepositoryState;
  readonly transition: RootTransition;
}

async function publishOver(
  directory: RepositoryDirectory,
  { state, transition }: Start,
  { keys, now, change = NO_CHANGE, resignEveryMs = RESIGN_EVERY_MS }: Publication,
): Promise<PublicationReport> {
  const roots = rootsOf(state, transition);
  const sound = stateOf(directory, roots).newest;
  const written = stage({ directory, state, roots, sound, keys, now }, change);
  const staged = stateOf(directory, roots);
  if (transition.kind === 'none' && change !== NO_CHANGE && !hasOnlineKeys(roots, keys)) {
    return reportOf(staged, { result: written.length === 0 ? 'unchanged' : 'staged', written }, now);
  }
  const last = roots.at(-1) ?? state.root;
  const chosen = chooseRoles(directory, staged, last.file, now);
  const files = signOnline({ state: staged, chosen, roots, keys, now, resignEveryMs });
  const paths = chosen.bundles.map(({ listed }) => listed.path);
  const led = await lead({ directory, before: state, transition, files, paths, now });
  const after = stateOf(directory);
  const isRefreshed = written.length === 0 && files.snapshot === null && transition.kind === 'none';
  const result = isRefreshed ? 'refreshed' : 'published';
  const report = reportOf(after, { result, written: [...written, ...led], chosen }, now);
  return { ...report, retired: retireFiles(directory, after, now) };
}
