import type { SyncOutcome } from '../../localapi/daemon-port.ts';
import type { BundleTerms, StalenessLimits } from '../../policy/bundle-terms.ts';
import type { RuleCounts } from '../../policy/compilation.ts';
import type { CompiledPolicy, PolicyWarning } from '../../policy/snapshot.ts';
import type { MountTrees } from '../../realpath/mount-trees.ts';
import type { AuditEvent } from '../../sources/audit-event.ts';
import type { LocalListing } from '../../sources/local/local-layer.ts';
import type { SourceStatus } from '../../sources/source.ts';
import type { KnownPolicy } from '../../store/policy-state.ts';
import type { DaemonConfig } from '../config/daemon-config.ts';

/**
 * Everything that the main thread and the policy thread say to each other. Messages arrive in the order in which they
 * were sent, and an answer comes after everything that led to it: a `sync` that has been answered is live.
 */

/** Main thread → policy thread; each is answered once. */
export type Ask =
  /** Opens the database and reads the machine's local files. The thread counts in `pulse` as long as it is well. */
  | { readonly kind: 'start'; readonly config: DaemonConfig; readonly pulse: Int32Array }
  /** A home was found: reads what belongs to it, and compiles it in. */
  | { readonly kind: 'home'; readonly uid: number; readonly home: string }
  /** One home too many is known: it is left out of the next compile. */
  | { readonly kind: 'forget'; readonly uid: number }
  /** Publishes what the last run held. */
  | { readonly kind: 'open' }
  /** Begins to poll, and to look after what was published. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'sync' }
  | { readonly kind: 'rules' }
  /** Gives up all that is known of the organisation: the first step of a reset. */
  | { readonly kind: 'release' }
  /** Calls off what `begin` began; homes can still be found. */
  | { readonly kind: 'halt' }
  | { readonly kind: 'close' };

export interface Answers {
  readonly start: null;
  readonly home: null;
  readonly forget: null;
  readonly open: null;
  readonly begin: null;
  readonly sync: SyncOutcome;
  /** The JSON text of `/v1/rules`, as long as the policy itself. */
  readonly rules: string;
  /** What was known. */
  readonly release: KnownPolicy;
  readonly halt: null;
  /** Threads of the thread that are stuck in a system call. */
  readonly close: { readonly lost: number };
}

export type ToPolicyThread =
  | { readonly kind: 'ask'; readonly id: number; readonly ask: Ask }
  /** The answer to `publish`: it serves, as this generation. */
  | { readonly kind: 'published'; readonly generation: number };

export type FromPolicyThread =
  | { readonly kind: 'publish'; readonly publication: Publication }
  | { readonly kind: 'facts'; readonly facts: SupplyFacts }
  | { readonly kind: 'audit'; readonly event: AuditEvent }
  | LogLine
  | { readonly kind: 'answer'; readonly id: number; readonly value: Answers[Ask['kind']] }
  | { readonly kind: 'refusal'; readonly id: number; readonly code: string; readonly message: string };

/** A compiled policy on its way to the decision point; its typed arrays lie in shared memory. */
export interface Publication {
  readonly policy: CompiledPolicy;
  /** In a word, what changed. */
  readonly cause: string;
  readonly report: PolicyReport;
}

/** What `status` says about the rules; however many there are, this stays small. */
export interface PolicyReport {
  readonly active: number;
  readonly inactive: number;
  /** Of local files, users' own included. */
  readonly local: RuleCounts;
  /** The first of them. */
  readonly warnings: readonly PolicyWarning[];
  readonly warningCount: number;
}

/** What `status` shows of the supply; sent whenever it has changed. */
export interface SupplyFacts {
  /** The organisation that this machine belongs to. */
  readonly organisation: string | null;
  /** What the age of the policy is counted from; null = it has none, or nobody knows. */
  readonly confirmedAt: number | null;
  /** Where this machine's clock is behind what has been seen: the time that counts instead; null = the clock does. */
  readonly notBefore: number | null;
  readonly limits: StalenessLimits;
  /** What the bundle that serves says beside its policies; null = it is a listing, or there is none. */
  readonly terms: BundleTerms | null;
  /** An older policy would be recognised. */
  readonly rollbackProtection: boolean;
  readonly source: SourceStatus | null;
  /** The files that count for everybody; the names in a user's own directory are that user's business. */
  readonly localFiles: readonly LocalListing[];
  readonly localWarnings: readonly string[];
  /** Where this daemon sees other files than the rest of the machine (semantics, Paths 2). */
  readonly mounts: MountTrees;
}

/** One line for the log, which the main thread writes. */
export interface LogLine {
  readonly kind: 'log';
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** The part of the logger that the policy thread has. */
export type PolicyLog = Readonly<Record<LogLine['level'], (fields: object, message: string) => void>>;
