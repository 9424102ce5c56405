import type { MetadataDocument } from '../tuf/metadata-text.ts';
import { followStored, type TrustedRoot } from '../tuf/root-chain.ts';
import { assertPolicySignedBy } from '../tuf/signed-by.ts';
import { readTargets } from '../tuf/targets-file.ts';
import { type ChosenRoles, chooseRoles } from './choose-roles.ts';
import { RESIGN_EVERY_MS } from './expiries.ts';
import { lead } from './lead.ts';
import { withLock } from './lock.ts';
import { signOnline } from './online.ts';
import { type PublicationReport, publishedWarnings, reportOf, stagedWarnings } from './publication-report.ts';
import { PublisherError } from './publisher-error.ts';
import { metadataPath, openRepository, type RepositoryDirectory } from './repository-directory.ts';
import { leftMessage, type RepositoryState, readState } from './repository-state.ts';
import { retireFiles } from './retire-files.ts';
import { type RootTransition, rootsOf, rootTransition } from './root-transition.ts';
import { type SigningKey, signersOf, suffices } from './signers.ts';
import { type Change, draft, NO_CHANGE, stage } from './stage.ts';
import { orTakenBack } from './taken-back.ts';

export interface Publication {
  /** The directory of the repository; made if it is not there. */
  readonly repository: string;
  readonly keys: readonly SigningKey[];
  readonly now: number;
  /** The first root, or the one after the newest that is published. */
  readonly root?: Uint8Array | undefined;
  readonly change?: Change;
  /** A file of `targets` that its keys have signed elsewhere; see `draftTargets`. */
  readonly signed?: Uint8Array | undefined;
  /** How often somebody signs the timestamp: a bundle whose ladder asks for more is not published. */
  readonly resignEveryMs?: number;
}

/**
 * Publishes a change, a next root, or only freshness. Everything is written before the step that leads machines to it,
 * and it is verified as a daemon would before that (tuf, 9). Throws, and then nothing is left of it.
 */
export async function publish(publication: Publication): Promise<PublicationReport> {
  const directory = openRepository(publication.repository);
  return withLock(directory, () => orTakenBack(directory, (kept) => publishInto(kept, publication)));
}

async function publishInto(directory: RepositoryDirectory, publication: Publication): Promise<PublicationReport> {
  placeFirstRoot(directory, publication.root);
  const state = stateOf(directory);
  const transition = rootTransition(state, publication);
  if (transition.kind !== 'alone') return publishOver(directory, { state, transition }, publication);
  const { version } = transition.next.root.file;
  const path = metadataPath('root', version);
  directory.write(path, transition.next.bytes);
  const after = stateOf(directory);
  if (isOnlyRoot(after, publication)) return reportOf(after, { result: 'published', written: [path] }, publication.now);
  // the root stays published whatever becomes of the rest
  const start: Start = { state: after, transition: { kind: 'none' } };
  const report = await orTakenBack(directory, (kept) => publishOver(kept, start, publication));
  return { ...report, result: 'published', written: [path, ...report.written] };
}

/** What the keys of `targets` have to sign, each on its own machine; null = nothing is new. Its targets are in place. */
export async function draftTargets(
  repository: string,
  change: Change,
  now: number,
): Promise<{ readonly document: MetadataDocument; readonly version: number } | null> {
  const directory = openRepository(repository);
  return withLock(directory, () => {
    const state = stateOf(directory);
    const document = draft({ directory, state, roots: [state.root], sound: state.newest, keys: [], now }, change);
    return Promise.resolve(document === null ? null : { document, version: Number(document.signed['version']) });
  });
}

function placeSigned(directory: RepositoryDirectory, state: RepositoryState, bytes: Uint8Array): string {
  const file = readTargets(bytes, 'targets');
  assertPolicySignedBy(state.root.file, file, state.root.file.revokedKeyIds);
  const path = metadataPath('targets', file.version);
  const highest = state.highest.get('targets') ?? 0;
  // published once is published for ever: caches keep it
  if (file.version <= highest) {
    const message = `\`${path}\` is older than what is there: publish it anew, from a draft over version ${highest}`;
    throw new PublisherError('not_newer', message);
  }
  directory.write(path, bytes);
  return path;
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
  { keys, now, change = NO_CHANGE, signed, resignEveryMs = RESIGN_EVERY_MS }: Publication,
): Promise<PublicationReport> {
  const roots = rootsOf(state, transition);
  const sound = stateOf(directory, roots).newest;
  const written =
    signed === undefined
      ? stage({ directory, state, roots, sound, keys, now }, change)
      : [placeSigned(directory, state, signed)];
  const staged = stateOf(directory, roots);
  const root = (roots.at(-1) ?? state.root).file;
  const chosen = chooseRoles({ directory, state: staged, root, now, resignEveryMs });
  const isChange = change !== NO_CHANGE || signed !== undefined;
  if (transition.kind === 'none' && isChange && !hasOnlineKeys(roots, keys)) {
    const result = written.length === 0 ? 'unchanged' : 'staged';
    return reportOf(staged, { result, written, warnings: stagedWarnings(chosen) }, now);
  }
  assertChosen(chosen, isChange ? written : []);
  const files = signOnline({ state: staged, chosen, roots, keys, now });
  const paths = chosen.bundles.map(({ listed }) => listed.path);
  const led = await lead({ directory, before: state, transition, files, paths, now });
  const after = stateOf(directory);
  const isRefreshed = written.length === 0 && files.snapshot === null && transition.kind === 'none';
  const result = isRefreshed ? 'refreshed' : 'published';
  const warnings = publishedWarnings(chosen, resignEveryMs);
  const report = reportOf(after, { result, written: [...written, ...led], chosen, warnings }, now);
  return { ...report, retired: retireFiles(directory, after, now) };
}

/** Whoever asks for a change and has all the keys hears that it cannot be; what others have put there is only left lying. */
function assertChosen({ roles, left }: ChosenRoles, written: readonly string[]): void {
  const own = left.find(({ role, version }) => written.includes(metadataPath(role, version)));
  if (own !== undefined) throw new PublisherError('rule_broken', leftMessage(own));
  if (roles.has('targets')) return;
  const last = left.at(-1);
  const why = last === undefined ? 'no targets key has signed anything: publish a bundle with one' : leftMessage(last);
  throw new PublisherError('repository_unusable', `there is nothing to publish: ${why}`);
}
