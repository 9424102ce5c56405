import type { RootFile } from '../tuf/root-file.ts';
import { assertPolicySignedBy } from '../tuf/signed-by.ts';
import { signedTooRarely } from './expiries.ts';
import { bundlesOf, laddersOf, type PublishedBundle, type RoleReading } from './listed-bundles.ts';
import type { RepositoryDirectory } from './repository-directory.ts';
import type { LeftLying, RepositoryState, SignedRole } from './repository-state.ts';
import { isOfTeam } from './targets-content.ts';

/** The role files that the next snapshot lists anew; what it listed of other roles before stays. */
export interface ChosenRoles {
  readonly roles: ReadonlyMap<string, SignedRole>;
  readonly bundles: readonly PublishedBundle[];
  /** Signed files that cannot be published. */
  readonly left: readonly LeftLying[];
}

export interface Choosing {
  readonly directory: RepositoryDirectory;
  readonly state: RepositoryState;
  readonly root: RootFile;
  readonly now: number;
  /** How often somebody signs the timestamp. */
  readonly resignEveryMs: number;
}

/**
 * Of each role the newest file that its keys have signed, also one that another machine has put there. One that cannot be
 * published is left lying, and what the snapshot listed before stays: freshness does not end because a signer erred.
 */
export function chooseRoles(choosing: Choosing): ChosenRoles {
  const { state, root } = choosing;
  const roles = new Map<string, SignedRole>();
  const bundles: PublishedBundle[] = [];
  const left: LeftLying[] = [...state.foreign];
  const choose = (role: string, delegator: RootFile | SignedRole['file']): SignedRole | null => {
    for (const candidate of candidatesOf(state, role)) {
      const why = faultOf({ ...choosing, role, candidate, delegator, others: bundles });
      if (why.kind === 'bundles') {
        roles.set(role, candidate);
        bundles.push(...why.bundles);
        return candidate;
      }
      left.push({ role, version: candidate.file.version, why: why.why });
    }
    return null;
  };
  const targets = choose('targets', root);
  if (targets !== null) for (const { name } of targets.content.teams) choose(name, targets.file);
  return { roles, bundles, left };
}

function candidatesOf({ newest, listed }: RepositoryState, role: string): readonly SignedRole[] {
  const [first, second] = [newest.get(role), listed.get(role)];
  const same = first?.file.version === second?.file.version;
  return [first, same ? undefined : second].flatMap((found) => found ?? []);
}

interface Question extends Choosing {
  readonly role: string;
  readonly candidate: SignedRole;
  readonly delegator: RootFile | SignedRole['file'];
  /** Bundles of the roles before. */
  readonly others: readonly PublishedBundle[];
}

function faultOf(question: Question): RoleReading {
  const { directory, role, candidate, delegator, state, root, others } = question;
  try {
    assertPolicySignedBy(delegator, candidate.file, root.revokedKeyIds);
  } catch {
    return { kind: 'faulty', why: 'the keys that may sign it now have not: sign it anew' };
  }
  if (hasExpired(question)) return { kind: 'faulty', why: 'it has expired: sign it anew' };
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
  const rarely = signedTooRarely(question.resignEveryMs, laddersOf(reading.bundles.filter(isNewTo(before))));
  return rarely === null ? reading : { kind: 'faulty', why: rarely };
}

/**
 * One team's machines find nothing new then. With `targets` nobody does: that is for the publisher to hear, unless it is
 * one that somebody has put beside the one that serves.
 */
function hasExpired({ role, candidate, state, now }: Question): boolean {
  const served = state.listed.get(role)?.file.version;
  const isAll = role === 'targets' && (served === undefined || served === candidate.file.version);
  return !isAll && now >= candidate.file.expiresAt;
}

/** What machines have already is not made worse by what is listed beside it. */
function isNewTo(before: SignedRole | undefined): (published: PublishedBundle) => boolean {
  const known = new Set(before?.content.bundles.map(({ sha256 }) => sha256));
  return ({ listed }) => !known.has(listed.sha256);
}
