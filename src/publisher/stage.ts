import type { JsonObject, MetadataDocument } from '../tuf/metadata-text.ts';
import type { TrustedRoot } from '../tuf/root-chain.ts';
import { LEAST_LEFT_MS, TARGETS_VALID_MS, TEAM_VALID_MS } from './expiries.ts';
import type { PackedBundle } from './pack-bundle.ts';
import { PublisherError } from './publisher-error.ts';
import { metadataPath, type RepositoryDirectory, targetPath } from './repository-directory.ts';
import { leftMessage, nextVersion, type RepositoryState, readState, type SignedRole } from './repository-state.ts';
import { type RoleSigners, type SigningKey, signedBytes, signersOf, signersOfTeam, suffices } from './signers.ts';
import {
  isOfTeam,
  type ListedBundle,
  NOTHING_LISTED,
  type TargetsContent,
  type TeamDelegation,
  targetsSigned,
} from './targets-content.ts';

/** What shall be listed from now on. */
export interface Change {
  /** By the role that lists it: `targets`, or a team. */
  readonly bundles: readonly { readonly role: string; readonly packed: PackedBundle }[];
  readonly setTeams: readonly TeamDelegation[];
  readonly removeTeams: readonly string[];
}

export const NO_CHANGE: Change = { bundles: [], setTeams: [], removeTeams: [] };

export interface Staging {
  readonly directory: RepositoryDirectory;
  /** As the newest root that is published sees it. */
  readonly state: RepositoryState;
  /** Those that what is signed now has to satisfy. */
  readonly roots: readonly TrustedRoot[];
  /** By role, what satisfies all of them. */
  readonly sound: ReadonlyMap<string, SignedRole>;
  readonly keys: readonly SigningKey[];
  readonly now: number;
}

/**
 * Writes targets and the role files that list them, signed by whoever has to. Nobody is led there before a snapshot lists
 * them: this is what a signer without online keys does, and it harms nobody when it breaks off. Returns what was written.
 */
export function stage(staging: Staging, change: Change): readonly string[] {
  const teams = teamsAfter(staging, change);
  const written = stageRole(staging, planned(staging, 'targets', change, teams));
  // a team's file is sound if the keys that it has from now on have signed it
  const sound = readState(staging.directory, staging.roots)?.newest ?? new Map<string, SignedRole>();
  const behind = { ...staging, sound };
  return [...written, ...teams.flatMap(({ name }) => stageRole(behind, planned(behind, name, change, teams)))];
}

/**
 * Writes the targets alone, and gives what the keys of `targets` have to sign, for keys that never meet on one machine;
 * null = there is nothing to sign.
 */
export function draft(staging: Staging, change: Change): MetadataDocument | null {
  const plan = planned(staging, 'targets', change, teamsAfter(staging, change));
  if (plan === null) return null;
  for (const packed of plan.bundles) writeTarget(staging.directory, packed);
  return { signatures: [], signed: plan.signed };
}

/** A role's next file, before anybody has signed it. */
interface RolePlan {
  readonly path: string;
  readonly signed: JsonObject;
  readonly signers: readonly RoleSigners[];
  readonly bundles: readonly PackedBundle[];
}

/** Null where the file that is there goes on. */
function planned(staging: Staging, role: string, change: Change, teams: readonly TeamDelegation[]): RolePlan | null {
  const foreign = staging.state.foreign.find((left) => left.role === role);
  if (foreign !== undefined) {
    // what it says would be lost
    if (change === NO_CHANGE) return null;
    throw new PublisherError('repository_unusable', `${leftMessage(foreign)}: take it away`);
  }
  const content = contentOf(staging, role);
  const wanted = changedContent(content, role, change);
  if (role !== 'targets' || !startsAnew(staging)) assertNewer(content, wanted);
  const signers = signersFor(role, staging.roots, teams);
  if (sameContent(content, wanted) && !mustBeSigned(staging, role, signers)) return null;
  const version = nextVersion(staging.state, role);
  const expires = staging.now + (role === 'targets' ? TARGETS_VALID_MS : TEAM_VALID_MS);
  return {
    path: metadataPath(role, version),
    signed: targetsSigned(wanted, { version, expires }),
    signers,
    bundles: change.bundles.filter((bundle) => bundle.role === role).map(({ packed }) => packed),
  };
}

function stageRole({ directory, keys }: Staging, plan: RolePlan | null): readonly string[] {
  if (plan === null) return [];
  // before anything is written: whether the keys suffice
  const bytes = signedBytes(plan.signed, plan.signers, keys);
  const targets = plan.bundles.map((packed) => writeTarget(directory, packed));
  directory.write(plan.path, bytes);
  return [...targets, plan.path];
}

/** Those that go keep their last file, which nobody is led to any more (tuf, trap 9). */
function teamsAfter(staging: Staging, change: Change): readonly TeamDelegation[] {
  const { teams } = changedContent(contentOf(staging, 'targets'), 'targets', change);
  for (const { role, packed } of change.bundles.filter((bundle) => bundle.role !== 'targets')) {
    if (!teams.some(({ name }) => name === role)) {
      throw new PublisherError(
        'rule_broken',
        `there is no team \`${role}\` in this repository: add it with --add-team`,
      );
    }
    if (isOfTeam(role, packed.listed.path)) continue;
    throw new PublisherError(
      'rule_broken',
      `the team \`${role}\` publishes below \`${role}/\`, not \`${packed.listed.path}\``,
    );
  }
  return teams;
}

function contentOf({ state }: Staging, role: string): TargetsContent {
  return state.newest.get(role)?.content ?? NOTHING_LISTED;
}

function changedContent(content: TargetsContent, role: string, change: Change): TargetsContent {
  const added = change.bundles.filter((bundle) => bundle.role === role).map(({ packed }) => packed.listed);
  const bundles = merged(content.bundles, added, ({ path }) => path);
  if (role !== 'targets') return { bundles, teams: content.teams };
  const teams = merged(content.teams, change.setTeams, ({ name }) => name);
  return { bundles, teams: teams.filter(({ name }) => !change.removeTeams.includes(name)) };
}

function merged<T>(old: readonly T[], added: readonly T[], key: (item: T) => string): readonly T[] {
  const all = new Map([...old, ...added].map((item) => [key(item), item]));
  return [...all.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** New targets keys and none of the old ones: an epoch in which revisions begin again (tuf, 8). */
function startsAnew({ state, roots }: Staging): boolean {
  return roots.every(({ epoch }) => epoch > state.root.file.version);
}

/** Revisions only grow, or a machine would refuse what it is offered (delivery, "What always holds"). */
function assertNewer(old: TargetsContent, wanted: TargetsContent): void {
  for (const bundle of wanted.bundles) {
    const before = old.bundles.find(({ path }) => path === bundle.path);
    if (before === undefined || before.sha256 === bundle.sha256) continue;
    const [was, is] = [before.custom.revision, bundle.custom.revision];
    if (Number(is) > Number(was)) continue;
    const message = `\`${bundle.path}\` is published with revision ${was}, and ${is} is not higher: build it with another one`;
    throw new PublisherError('not_newer', message);
  }
}

/** A new version is due without a change too: under a next root, after a team got other keys, and before the old one ends. */
function mustBeSigned({ state, sound, keys, now }: Staging, role: string, signers: readonly RoleSigners[]): boolean {
  const held = state.newest.get(role);
  const isTargets = role === 'targets';
  if (held === undefined) return isTargets;
  const isSound = sound.get(role)?.file.version === held.file.version;
  const ends = held.file.expiresAt - now < (isTargets ? LEAST_LEFT_MS.targets : LEAST_LEFT_MS.team);
  // a next root is not published without what it has to vouch for; the other two can wait for their keys
  if (isTargets && !isSound) return true;
  return (ends || !isSound) && signers.every((each) => suffices(each, keys));
}

function writeTarget(directory: RepositoryDirectory, { listed, bytes }: PackedBundle): string {
  const path = targetPath(listed.path, listed.sha256);
  directory.write(path, bytes);
  return path;
}

function signersFor(
  role: string,
  roots: readonly TrustedRoot[],
  teams: readonly TeamDelegation[],
): readonly RoleSigners[] {
  if (role === 'targets') return roots.map(({ file }) => signersOf(file, role));
  return teams.filter(({ name }) => name === role).map(signersOfTeam);
}

function sameContent(one: TargetsContent, other: TargetsContent): boolean {
  return textOf(one) === textOf(other);
}

function textOf({ bundles, teams }: TargetsContent): string {
  const listed = (bundle: ListedBundle): readonly unknown[] => [bundle.path, bundle.sha256];
  return JSON.stringify([
    bundles.map(listed),
    teams.map(({ name, keys, threshold }) => [name, threshold, keys.map(({ id }) => id).sort()]),
  ]);
}
