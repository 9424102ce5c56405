import { utcText } from '../tuf/utc-time.ts';
import type { ChosenRoles } from './choose-roles.ts';
import { signedTooRarely } from './expiries.ts';
import { laddersOf, type PublishedBundle } from './listed-bundles.ts';
import { endings, type PublisherWarning } from './publisher-warnings.ts';
import { leftMessage, type RepositoryState } from './repository-state.ts';

/** Names are those of `--json`. */
export interface PublicationReport {
  /** `staged`: signed and in its place; machines are led to it once somebody with the online keys publishes. */
  readonly result: 'published' | 'refreshed' | 'staged' | 'unchanged';
  readonly root: number;
  readonly timestamp: number | null;
  readonly snapshot: number | null;
  readonly timestamp_expires: string | null;
  readonly bundles: readonly ReportedBundle[];
  /** Below the repository, in the order in which they were written. */
  readonly written: readonly string[];
  /** Old files that were taken away. */
  readonly retired: readonly string[];
  readonly warnings: readonly PublisherWarning[];
}

export interface ReportedBundle {
  readonly path: string;
  readonly role: string;
  readonly org: string;
  readonly revision: string;
  readonly expires_at: string;
  readonly sha256: string;
}

interface Outcome {
  readonly result: PublicationReport['result'];
  readonly written: readonly string[];
  readonly chosen?: ChosenRoles;
  readonly warnings?: readonly PublisherWarning[];
}

export function reportOf(
  state: RepositoryState,
  { result, written, chosen, warnings = [] }: Outcome,
  now: number,
): PublicationReport {
  const roles = new Map([...(chosen?.roles ?? [])].map(([role, { file }]) => [role, file]));
  const bundles = chosen?.bundles ?? [];
  return {
    result,
    root: state.root.file.version,
    timestamp: state.timestamp?.version ?? null,
    snapshot: state.snapshot?.version ?? null,
    timestamp_expires: state.timestamp === null ? null : utcText(state.timestamp.expiresAt),
    bundles: bundles.map(reported),
    written,
    retired: [],
    warnings: [...warnings, ...endings({ root: state.root.file, roles, bundles: bundles.map(ending) }, now)],
  };
}

function ending({ listed, bundle }: PublishedBundle) {
  return { path: listed.path, bundle };
}

function reported({ role, listed, bundle }: PublishedBundle): ReportedBundle {
  const { org, revision, terms } = bundle;
  const expires = utcText(terms.expiresAt);
  return { path: listed.path, role, org, revision, expires_at: expires, sha256: listed.sha256 };
}

/** For whoever stages: somebody else signs, who may see it otherwise by then. */
export function stagedWarnings({ left }: ChosenRoles): readonly PublisherWarning[] {
  return left.map(({ role, version, why }) => ({
    code: 'not_published',
    message: `version ${version} of \`${role}\` would not be published as it is: ${why}`,
  }));
}

export function publishedWarnings({ left, bundles }: ChosenRoles, resignEveryMs: number): readonly PublisherWarning[] {
  const rarely = signedTooRarely(resignEveryMs, laddersOf(bundles));
  return [
    ...left.map((each): PublisherWarning => ({ code: 'not_published', message: leftMessage(each) })),
    ...(rarely === null ? [] : [{ code: 'signed_too_rarely', message: rarely } as const]),
  ];
}
