import { readPolicy } from '../policy/policy-document.ts';
import type { GovernancePolicy } from '../schema/governance.ts';
import { SourceError } from './source-failure.ts';

/** An answer for another organisation is never ours, whatever else it says (delivery, What always holds). */
export function assertOrg(of: { readonly id: string; readonly org: string }, org: string): void {
  if (of.org === org) return;
  throw new SourceError('verify', 'other_org', `policy \`${of.id}\` belongs to another organisation than \`${org}\``);
}

/** What the compiler could only close both domains for is refused here, so that the last good policy serves. */
export function assertTakesSense(policy: GovernancePolicy): void {
  const reading = readPolicy(policy, { now: 0, verifiedNow: null, teams: null }, 0);
  if (reading.kind === 'policy') return;
  // semantics, 4.5: any other value rejects the bundle
  const code = reading.cause.startsWith('unknown status') ? 'unknown_status' : 'invalid_policy';
  throw new SourceError('verify', code, `policy \`${policy.id}\` cannot be evaluated: ${reading.cause}`);
}
