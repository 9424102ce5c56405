import { execFile } from 'node:child_process';
import type { Clock } from '../base/clock.ts';

/** Looks one uid up in the name service; null = no entry. Rejects when the name service cannot be asked. */
export type PasswdLookup = (uid: number) => Promise<string | null>;

/** Who counts as nobody in particular (semantics, Paths 6). */
const NOBODY = 65_534;
const FRESH_MS = 600_000;
/** An unknown uid is asked about again soon: accounts are created while the daemon runs. */
const UNKNOWN_MS = 30_000;
const MAX_ENTRIES = 4_096;
const LOOKUP_DEADLINE_MS = 5_000;
/** No environment decides which `getent` answers. */
const TRUSTED_PATH = '/usr/bin:/bin:/usr/sbin:/sbin:/run/current-system/sw/bin';

interface Entry {
  readonly home: string | null;
  readonly until: number;
}

export interface HomesOptions {
  readonly clock: Clock;
  readonly lookup?: PasswdLookup;
  /** Awaited before a new home is told to anybody: what belongs to it is read first. Must not reject. */
  readonly prepare?: (uid: number, home: string) => Promise<void>;
  /** Called when a uid's home becomes known or changes: the homes are part of the snapshot. */
  readonly onFound?: (uid: number, home: string) => void;
  /** Called when there is no room any more for what was known of a uid. */
  readonly onForgotten?: (uid: number) => void;
}

/**
 * Home directories by uid, as NSS tells them (semantics, Paths 6). Asked when a connection of a new uid arrives, cached,
 * never on the decision path: `known()` reads memory only.
 */
export class Homes {
  readonly #clock: Clock;
  readonly #lookup: PasswdLookup;
  readonly #prepare: (uid: number, home: string) => Promise<void>;
  readonly #onFound: (uid: number, home: string) => void;
  readonly #onForgotten: (uid: number) => void;
  readonly #entries = new Map<number, Entry>();
  readonly #running = new Map<number, Promise<string | null>>();

  constructor(options: HomesOptions) {
    this.#clock = options.clock;
    this.#lookup = options.lookup ?? askNameService;
    this.#prepare = options.prepare ?? (() => Promise.resolve());
    this.#onFound = options.onFound ?? (() => undefined);
    this.#onForgotten = options.onForgotten ?? (() => undefined);
  }

  /** The homes found so far, also those that are due to be asked about again. */
  known(): ReadonlyMap<number, string> {
    const homes = new Map<number, string>();
    for (const [uid, { home }] of this.#entries) if (home !== null) homes.set(uid, home);
    return homes;
  }

  /** The cached home; null = no entry, undefined = not asked yet. Never waits. */
  cached(uid: number): string | null | undefined {
    return uid === NOBODY ? null : this.#entries.get(uid)?.home;
  }

  /**
   * The home of a uid, asked for at most once at a time. A name service that fails knows nobody; rejects only with
   * what `prepare` does, and the home then does not count.
   */
  async find(uid: number): Promise<string | null> {
    if (uid === NOBODY) return null;
    const entry = this.#entries.get(uid);
    if (entry !== undefined && entry.until > this.#clock.now()) return entry.home;
    const running = this.#running.get(uid) ?? this.#ask(uid, entry);
    this.#running.set(uid, running);
    return running;
  }

  /** What is known of this uid counts no longer: it is asked about anew. */
  invalidate(uid: number): void {
    this.#entries.delete(uid);
  }

  async #ask(uid: number, before: Entry | undefined): Promise<string | null> {
    let home: string | null;
    try {
      home = await this.#lookup(uid);
    } catch {
      // a name service that is down for a moment takes no home away
      home = before?.home ?? null;
    }
    const found = home === before?.home ? null : home;
    try {
      if (found !== null) await this.#prepare(uid, found);
    } finally {
      this.#running.delete(uid);
    }
    this.#keep(uid, home);
    if (found !== null) this.#onFound(uid, found);
    return home;
  }

  #keep(uid: number, home: string | null): void {
    this.#entries.delete(uid);
    if (this.#entries.size >= MAX_ENTRIES) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) {
        this.#entries.delete(oldest);
        this.#onForgotten(oldest);
      }
    }
    this.#entries.set(uid, { home, until: this.#clock.now() + (home === null ? UNKNOWN_MS : FRESH_MS) });
  }
}

/** Asks `getent passwd` (macOS: `id -P`). */
export function askNameService(uid: number): Promise<string | null> {
  const mac = process.platform === 'darwin';
  const [file, args] = mac ? ['id', ['-P', String(uid)]] : ['getent', ['passwd', String(uid)]];
  const options = { timeout: LOOKUP_DEADLINE_MS, env: { PATH: TRUSTED_PATH, LC_ALL: 'C' }, maxBuffer: 65_536 };
  return new Promise((resolve, reject) => {
    execFile(file, args, options, (error, stdout) => {
      if (error === null) resolve(homeInPasswdLine(stdout, uid));
      // getent says 2 and id says 1 for "no such key"; anything else is no answer
      else if (error.code === (mac ? 1 : 2)) resolve(null);
      else reject(new Error('the name service did not answer', { cause: error }));
    });
  });
}

/** The home in a passwd(5) line (7 fields, BSD 10), if it is that uid's and an absolute, canonical path; else null. */
export function homeInPasswdLine(text: string, uid: number): string | null {
  const fields = (text.split('\n')[0] ?? '').split(':');
  if (fields[2] !== String(uid)) return null;
  const home = fields.length === 10 ? fields[8] : fields.length === 7 ? fields[5] : undefined;
  // `/` as a home would make `~/**` mean everything
  if (home === undefined || !/^(?:\/[^/\0]+)+$/.test(home)) return null;
  return home.split('/').some((segment) => segment === '.' || segment === '..') ? null : home;
}
