import { type GovernancePolicy, type PolicySummary, readGovernancePolicy } from '../../schema/governance.ts';
import { assertOrg, assertTakesSense } from '../policy-checks.ts';
import { SourceError } from '../source-failure.ts';

export interface PolicyExpectation {
  readonly org: string;
  /** Members that may be there although nobody here knows them (`source.ignore_members`). */
  readonly ignoreMembers: readonly string[];
}

/** The answer is not the policy that was listed: it was written in between. */
export class PolicyChanged extends Error {}

/** Small checks in order; the first that fails rejects the whole sync. */
export function verifyPolicy(raw: unknown, summary: PolicySummary, expected: PolicyExpectation): GovernancePolicy {
  const reading = readGovernancePolicy(raw, expected.ignoreMembers);
  if (reading.kind === 'unknown_member') {
    const where = reading.where === '' ? '' : ` at \`${reading.where}\``;
    throw rejected(
      'unknown_member',
      summary,
      `has an unknown member \`${reading.member}\`${where}: install a newer reeve, or name it in \`source.ignore_members\``,
    );
  }
  if (reading.kind === 'invalid') throw rejected('invalid_policy', summary, `is malformed: ${reading.message}`);
  const policy = withType(reading.value, summary);
  if (policy.id !== summary.id) throw rejected('invalid_policy', summary, 'came with another id');
  assertOrg(policy, expected.org);
  if (policy.updated_at !== summary.updated_at) throw new PolicyChanged();
  assertTakesSense(policy);
  return policy;
}

/** The full object does not repeat the type that the list gave it. */
function withType(policy: GovernancePolicy, summary: PolicySummary): GovernancePolicy {
  return policy['type'] === undefined && summary.type !== undefined ? { ...policy, type: summary.type } : policy;
}

function rejected(code: 'unknown_member' | 'invalid_policy', { id }: PolicySummary, what: string): SourceError {
  return new SourceError('verify', code, `policy \`${id}\` ${what}`);
}
