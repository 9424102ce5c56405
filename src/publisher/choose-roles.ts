import type { RootFile } from '../tuf/root-file.ts';
import { assertPolicySignedBy } from '../tuf/signed-by.ts';
import { bundlesOf, type PublishedBundle } from './listed-bundles.ts';
import { PublisherError } from './publisher-error.ts';
import type { PublisherWarning } from './publisher-warnings.ts';
import type { RepositoryDirectory } from './repository-directory.ts';
import type { RepositoryState, SignedRole } from './repository-state.ts';
import { isOfTeam } from './targets-content.ts';

/** The role files that the next snapshot lists anew; what it listed of other roles before stays. */
export interface ChosenRoles {
  readonly roles: ReadonlyMap<string, SignedRole>;
  readonly bundles: readonly PublishedBundle[];
  readonly warnings: readonly PublisherWarning[];
}

/**
 * Of each role the newest file that its keys have signed, also one that another machine has put there. One that cannot be
 * published is left lying, and what the snapshot listed before stays: freshness does not end because a signer erred.
 */
export function chooseRoles(
  directory: RepositoryDirectory,
  state: RepositoryState,
  root: RootFile,
  now: number,
): ChosenRoles {
  const roles = new Map<string, SignedRole>();
  const bundles: PublishedBundle[] = [];
  const warnings: PublisherWarning[] = [];
  const choose = (role: string, delegator: RootFile | SignedRole['file']): SignedRole | null => {
    for (const candidate of candidatesOf(state, role)) {
      const why = faultOf(directory, { role, candidate, delegator, state, root, now, others: bundles });
      if (why.kind === 'bundles') {
        roles.set(role, candidate);
        bundles.push(...why.bundles);
        return candidate;
      }
      const message = `version ${candidate.file.version} of \`${role}\` is not published: ${why.why}`;
      warnings.push({ code: 'not_published', message });
    }
    return null;
  };
  const targets = choose('targets', root);
  if (targets === null) {
    const why = warnings.at(-1)?.message ?? 'no targets key has signed anything: publish a bundle with one';
    throw new PublisherError('repository_unusable', `there is nothing to publish: ${why}`);
  }
  for (const { name } of targets.content.teams) choose(name, targets.file);
  return { roles, bundles, warnings };
}

function candidatesOf({ newest, listed }: RepositoryState, role: string): readonly SignedRole[] {
  const [first, second] = [newest.get(role), listed.get(role)];
  const same = first?.file.version === second?.file.version;
  return [first, same ? undefined : second].flatMap((found) => found ?? []);
}

interface Question {
  readonly role: string;
  readonly candidate: SignedRole;
  readonly delegator: RootFile | SignedRole['file'];
  readonly state: RepositoryState;
  readonly root: RootFile;
  readonly now: number;
  /** Bundles of the roles before. */
  readonly others: readonly PublishedBundle[];
}

function faultOf(directory: RepositoryDirectory, question: Question): ReturnType<typeof bundlesOf> {
  const { role, candidate, delegator, state, root, now, others } = question;
  try {
    assertPolicySignedBy(delegator, candidate.file, root.revokedKeyIds);
  } catch {
    return { kind: 'faulty', why: 'the keys that may sign it now have not: sign it anew' };
  }
  // one team's machines find nothing new then; with `targets` nobody does, and that is for the publisher to hear
  if (role !== 'targets' && now >= candidate.file.expiresAt)
    return { kind: 'faulty', why: 'it has expired: sign it anew' };
  const stray = candidate.content.bundles.find(({ path }) => role !== 'targets' && !isOfTeam(role, path));
  if (stray !== undefined) return { kind: 'faulty', why: `\`${stray.path}\` does not lie below \`${role}/\`` };
  const reading = bundlesOf(directory, role, candidate);
  if (reading.kind === 'faulty') return reading;
  const before = state.listed.get(role);
  for (const { listed } of reading.bundles) {
    const old = before?.content.bundles.find(({ path }) => path === listed.path);
    if (old !== undefined && Number(listed.custom.revision) < Number(old.custom.revision)) {
      return { kind: 'faulty', why: `\`${listed.path}\` would go back from revision ${old.custom.revision}` };
    }
    const other = [...others, ...reading.bundles].find(({ bundle }) => bundle.org !== listed.custom.org);
    if (other !== undefined) {
      return { kind: 'faulty', why: `it mixes the organisations \`${other.bundle.org}\` and \`${listed.custom.org}\`` };
    }
  }
  return reading;
}
