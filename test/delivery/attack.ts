import type { Certificate, Evil } from '../support/misbehaving-server.ts';
import type { Scope } from '../support/scope.ts';
import type { Certificates } from './certificates.ts';

/** What somebody does on a policy's way. */
export type Deed = Evil | Sweep | Presenting | Tampering;

/** An evil of many forms, one after the other, each of them a run of its own. */
export interface Sweep {
  readonly kind: 'sweep';
  readonly begin: () => { readonly evil: Evil; readonly over: () => boolean };
}

/** The server shows another certificate. */
export interface Presenting {
  readonly kind: 'presenting';
  readonly choose: (certificates: Certificates) => Certificate;
}

/** Something is done to what the source itself offers; each kind of source knows its own ways. */
export interface Tampering {
  readonly kind: 'tampering';
  readonly how: string;
}

export interface Attack {
  readonly id: string;
  readonly title: string;
  /** A letter of the complaints that people have about other agents, or what else it is an example of. */
  readonly kind: string;
  readonly does: Deed;
  /** Left out: everywhere. */
  readonly places?: readonly string[];
  /** What `status` says: `state`, or `stage code` of the failure; by place where it differs. */
  readonly says: string | Readonly<Record<string, string>>;
  /** Where a machine without a policy says something else. */
  readonly saysFirst?: string;
  /** It takes as long as its victim lets it. */
  readonly slow?: boolean;
  /** The server asks to be left alone for so many seconds. */
  readonly restSeconds?: number;
  /** A machine that has not heard of anything newer can only believe it. */
  readonly heldOnly?: boolean;
  /** What it does to a machine without a policy stays done. */
  readonly lasting?: boolean;
  /** What serves then, where it cannot be told from a good change. */
  readonly believed?: string;
}

/** One kind of source. Revision `n` allows `a.example` and `r<n>.example`, and denies `bad.example`. */
export interface Rig {
  readonly type: 'governance' | 'tuf' | 'file';
  /** Where on the way an attack may sit. */
  readonly places: readonly string[];
  /** Who is not reached here is not reached at all. */
  readonly reached: string;
  /** Somebody who publishes, with keys of his own; whoever opens it has a way to him of his own. */
  readonly publisher: () => { readonly open: (scope: Scope, secure: boolean) => Promise<OpenRig> };
}

export interface OpenRig {
  /** `source` of the configuration file. */
  readonly source: (root: string) => Readonly<Record<string, unknown>>;
  /** Left out of messages. */
  readonly origin: () => string;
  /** The next revision is there from now on, and whoever asks next comes by this place. */
  publish(place: string): void | Promise<void>;
  /** The newest revision. */
  newest(): number;
  /** So much time has passed for whoever publishes, too. */
  pass?(ms: number): void;
  /** From here on the deed is done at this place. */
  arm(deed: Deed, place: string): Armed | Promise<Armed>;
  /** Everything means well again. */
  disarm(): void | Promise<void>;
}

export interface Armed {
  /** It has shown all its forms. */
  readonly over: () => boolean;
}

/** What was seen at one machine. */
export interface Sighting {
  readonly place: string;
  /** `as before`, or what is different. */
  readonly served: string;
  /** What `status` says, as `state` or `stage code`. */
  readonly says: string;
  /** In words, without what is by chance. */
  readonly message: string;
  readonly logged: readonly string[];
  /** The longest of its syncs. */
  readonly tookMs: number;
}

export interface AttackResult {
  readonly attack: Attack;
  readonly source: Rig['type'];
  /** A policy served before. */
  readonly held: readonly Sighting[];
  /** It was the first thing that the machine ever heard. */
  readonly first: readonly Sighting[];
  /** After that the next revision arrived at the first try. */
  readonly healed: boolean;
}
