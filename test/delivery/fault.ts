import type { OpenRig } from './attack.ts';
import type { Stand } from './stand.ts';

/** The files of a daemon that served revision 2 last. */
export interface Files {
  readonly state: string;
  /** What the same directory held while revision 1 served. */
  readonly older: string;
}

/** A daemon on a machine to which something happens, with its source out of reach. */
export interface BrokenMachine extends Files {
  readonly place: Stand;
  readonly rig: OpenRig;
  /** Lets its source be reached meanwhile. */
  readonly inReach: (during: () => Promise<unknown>) => Promise<void>;
  /** Lets its source be reached for one sync, for which there is something new. */
  readonly syncNext: () => Promise<void>;
  /** The same, with nothing new. */
  readonly syncAgain: () => Promise<void>;
  /** Whether what was published last is what serves. */
  readonly isNewest: () => Promise<boolean>;
  readonly restart: () => Promise<void>;
  /** So much time has passed for whoever publishes, too. */
  readonly pass: (ms: number) => void;
}

/** What happens to a machine. */
export interface Fault {
  readonly id: string;
  readonly title: string;
  /** A letter of the complaints that people have about other agents, or what else it is an example of. */
  readonly kind: string;
  /** The state has a file system of its own: a small one, or one with a journal, which a fault makes read-only. */
  readonly ownDisk?: 'small' | 'journaled';
  /** The source is asked by TLS: it vouches for the time. */
  readonly secure?: boolean;
  /** Between a stop and a start; the second number counts from 0 up to `forms`. */
  readonly breaks?: (files: Files, form: number) => void;
  /** It has so many forms, each on a machine of its own. */
  readonly forms?: number;
  /** While the daemon runs that was started then. */
  readonly happens?: (machine: BrokenMachine) => Promise<void>;
  /** The machine has heard of everything that is published. */
  readonly upToDate?: boolean;
  /** What somebody has to do before anything can heal. */
  readonly mend?: { readonly how: string; readonly does: (machine: BrokenMachine) => void | Promise<void> };
  readonly served: string;
  /** Codes that `status` shows: of closures, warnings, and the source's last error. */
  readonly says: readonly string[];
}

/** What the machine did, its source still out of reach, and what came of it once it was not. */
export interface FaultSighting {
  /** `revision 2`, or the code by which everything is denied. */
  readonly served: string;
  readonly says: readonly string[];
  /** The same in words. */
  readonly message: string;
  readonly logged: readonly string[];
  /** The newest revision serves. */
  readonly healed: boolean;
}
