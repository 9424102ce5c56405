import type { Domain } from './action.ts';
import type { BundleChange } from './bundle-terms.ts';
import type { DenyCode } from './decision.ts';

export type PerDomain<T> = Readonly<Record<Domain, T>>;

/** One local override file as it was last good; `rules` are raw, the compiler judges each of them. */
export interface LocalFileInput {
  /** File name without its directory; local rules are named and ordered by it. */
  readonly name: string;
  /** The file's rules count only for requests of this uid; null = for everybody. */
  readonly uid: number | null;
  readonly rules: readonly unknown[];
  /** Wrong owner or mode: denies stay, allows are inert, with this cause. */
  readonly allowsInert?: string;
  /** The file never parsed (or its directory cannot be read): closes what local files may govern, with this cause. */
  readonly broken?: string;
}

export interface PresetInput {
  readonly name: string;
  readonly rules: readonly unknown[];
}

/** Why a whole domain is denied before any rule is looked at. */
export interface Closure {
  readonly code: Extract<
    DenyCode,
    'no_policy' | 'policy_stale' | 'policy_expired' | 'policy_invalid' | 'org_conflict' | 'not_ready'
  >;
  readonly reason: string;
}

export type Staleness = 'fresh' | 'warn' | 'restrict' | 'block';

/** Where a literal path prefix of a rule really leads (semantics, Paths 7). */
export interface ResolvedPrefix {
  /** The prefix with every link resolved. */
  readonly resolved: string;
  /** Every link crossed is root-owned in a root-owned directory without group or other write. */
  readonly trusted: boolean;
}

/** What the host looks like; collected by the daemon, given to the pure core as data. */
export interface HostFacts {
  readonly platform: 'linux' | 'darwin';
  /** Home directories by uid, as NSS told; only uids with an entry. */
  readonly homes: ReadonlyMap<number, string>;
  /** Literal rule prefixes that cross links; a prefix without an entry crosses none. */
  readonly links: ReadonlyMap<string, ResolvedPrefix>;
  /** Mount points below which names are compared without case. */
  readonly foldingMounts: readonly string[];
  /** Addresses beside the built-in ones that the address guard treats as metadata services. */
  readonly metadataAddresses: readonly string[];
  /** /96 prefixes beside the well-known ones in which an IPv4 address is embedded (NAT64). */
  readonly nat64Prefixes: readonly string[];
}

export interface StoredPolicies {
  /** Equal digests mean equal policies. */
  readonly digest: string;
  readonly load: () => readonly unknown[];
}

/** Everything a snapshot is made from. Pure data: it crosses into the compile worker as it is. */
export interface PolicySet {
  readonly revision: string;
  /** Milliseconds since the epoch at which validity windows are judged. */
  readonly now: number;
  /** The newest verified time, or null; a deny ends at `valid_until` only when this has passed it. */
  readonly verifiedNow: number | null;
  /** Governance `Policy` objects, raw. */
  readonly policies: readonly unknown[];
  /** The same, where they are read only if nothing that was made of them before still holds; `policies` is empty then. */
  readonly stored?: StoredPolicies;
  /** This machine's teams; null = it has no team list. */
  readonly teams: readonly string[] | null;
  /** Said outright (signed bundle, config); undefined = from the first policy that takes part. */
  readonly governs: Partial<PerDomain<boolean>>;
  /** Domains that were governed before: they stay so when their last policy goes. */
  readonly wasGoverned: readonly Domain[];
  readonly delegated: Partial<PerDomain<boolean>>;
  readonly monitored: Partial<PerDomain<boolean>>;
  /** Org-level closures (no policy yet, conflict, expired …). */
  readonly closed: Partial<PerDomain<Closure>>;
  readonly staleness: Staleness;
  /** When the org's policy ends (`expires_at`), in milliseconds since the epoch; null = it does not say. */
  readonly expiresAt: number | null;
  readonly local: readonly LocalFileInput[];
  readonly preset: PresetInput | null;
  /** Rules that protect reeve itself; nothing lifts them. Raw, like all rules. */
  readonly builtin: readonly unknown[];
  readonly host: HostFacts;
  readonly supportMessage: string | null;
  /** Who made this revision, when and why; null = nobody said. */
  readonly change: BundleChange | null;
}
