/**
 * Something that happened to the policy of this machine and that nobody decided by asking; kept in the decision log.
 * Times in milliseconds since the epoch.
 */
export type AuditEvent =
  /** Neither database nor mark knew of any policy. */
  | { readonly event: 'first_start' }
  /** Another policy of the organisation serves. `from` null = the first one. */
  | {
      readonly event: 'activated';
      readonly org: string;
      readonly source: string;
      readonly from: string | null;
      readonly to: string;
      readonly by: string | null;
      readonly reason: string | null;
      readonly ticket: string | null;
    }
  /** What the database holds is not what this machine served last: nothing of it serves until it is verified anew. */
  | { readonly event: 'state_mismatch'; readonly message: string }
  /** The database was right and the mark was not up to date, or was restored by a fresh verification. */
  | { readonly event: 'mark_repaired'; readonly revision: string }
  /** A clock had been far ahead; the source's own time counts again. */
  | { readonly event: 'clock_fell_back'; readonly seen: number; readonly verified: number }
  /** The daemon has taken up another configuration without a restart. */
  | { readonly event: 'reconfigured'; readonly changed: readonly string[] }
  /** Everything that was known of the organisation was given up. */
  | {
      readonly event: 'reset';
      readonly org: string | null;
      readonly revision: string | null;
      readonly governed: readonly string[];
      readonly uid: number | null;
      readonly pid: number | null;
    };
