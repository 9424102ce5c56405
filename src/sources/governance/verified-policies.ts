import { createHash } from 'node:crypto';
import { policyRevision } from '../../bundle/policy-revision.ts';
import type { GovernancePolicy, PolicySummary } from '../../schema/governance.ts';
import { type PolicyExpectation, verifyPolicy } from './verify-policy.ts';

/** All policies of a complete listing; every one was verified as it stands there. */
export interface VerifiedPolicies {
  readonly ids: readonly string[];
  /** Of these and no others as one bundle. */
  revision(): string;
  /** In the order of the listing. Read when they are asked for: a poll that finds nothing new has no use for them. */
  policies(): readonly GovernancePolicy[];
}

/** What was verified last, by the digest of everything that verifying looks at; lives as long as the process. */
export interface VerifiedMemory {
  last: { readonly key: string; revision: string | null } | null;
}

export interface Delivered {
  readonly summaries: readonly PolicySummary[];
  /** The text of each policy, as it came. */
  readonly contents: readonly string[];
}

/** Throws what `verifyPolicy` throws. Texts that were verified by the same summaries are not read again. */
export function verifyPolicies(
  delivered: Delivered,
  expected: PolicyExpectation,
  memory: VerifiedMemory,
): VerifiedPolicies {
  const policies = remembered(() => readAll(delivered, expected));
  const key = keyOf(delivered, expected);
  const entry = memory.last?.key === key ? memory.last : { key, revision: null };
  if (entry !== memory.last) {
    policies();
    memory.last = entry;
  }
  return {
    ids: delivered.summaries.map((summary) => summary.id),
    revision: () => {
      entry.revision ??= policyRevision({ org: expected.org, policies: policies() });
      return entry.revision;
    },
    policies,
  };
}

function readAll({ summaries, contents }: Delivered, expected: PolicyExpectation): readonly GovernancePolicy[] {
  return summaries.map((summary, index) => {
    // from the text as it came: a newer version of this program may know more, or ignore less
    const raw: unknown = JSON.parse(contents[index] ?? 'null');
    return verifyPolicy(raw, summary, expected);
  });
}

/** Whoever adds something that verifying looks at adds it here. */
function keyOf({ summaries, contents }: Delivered, { org, ignoreMembers }: PolicyExpectation): string {
  const hash = createHash('sha256').update(JSON.stringify([org, ignoreMembers]));
  for (const [index, summary] of summaries.entries()) {
    const content = contents[index] ?? '';
    // lengths first: no text can pass for the end of one and the beginning of the next; JSON has no half surrogates
    const { id, updated_at: updatedAt, type } = summary;
    hash.update(JSON.stringify([id, summary.org, updatedAt, type ?? null, content.length])).update(content, 'utf8');
  }
  return hash.digest('hex');
}

function remembered<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
