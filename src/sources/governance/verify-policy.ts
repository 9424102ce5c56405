import { readPolicy } from '../../policy/policy-document.ts';
import { type GovernancePolicy, type PolicySummary, readGovernancePolicy } from '../../schema/governance.ts';
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
  assertTakesSense(policy, summary);
  return policy;
}

/** An answer for another organisation is never ours, whatever else it says (delivery, What always holds). */
export function assertOrg(of: { readonly id: string; readonly org: string }, org: string): void {
  if (of.org === org) return;
  throw new SourceError('verify', 'other_org', `policy \`${of.id}\` belongs to another organisation than \`${org}\``);
}

/** The full object does not repeat the type that the list gave it. */
function withType(policy: GovernancePolicy, summary: PolicySummary): GovernancePolicy {
  return policy['type'] === undefined && summary.type !== undefined ? { ...policy, type: summary.type } : policy;
}

/** What the compiler could only close both domains for is refused here, so that the last good policy serves. */
function assertTakesSense(policy: GovernancePolicy, summary: PolicySummary): void {
  const reading = readPolicy(policy, { now: 0, verifiedNow: null, teams: null }, 0);
  if (reading.kind === 'policy') return;
  // semantics, 4.5: any other value rejects the bundle
  const code = reading.cause.startsWith('unknown status') ? 'unknown_status' : 'invalid_policy';
  throw rejected(code, summary, `cannot be evaluated: ${reading.cause}`);
}

function rejected(
  code: 'unknown_member' | 'invalid_policy' | 'unknown_status',
  { id }: PolicySummary,
  what: string,
): SourceError {
  return new SourceError('verify', code, `policy \`${id}\` ${what}`);
}
