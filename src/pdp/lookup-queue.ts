import type { LookupReply, LookupRequest } from './path-lookup.ts';

/** Nobody could look: too slow, too many lost, or closing. */
export interface NoReply {
  readonly kind: 'none';
  readonly reason: string;
}

/** For whom the disk is looked at, and until when (`performance.now()`) the answer is of use. */
export interface LookupAsker {
  /** null = nobody knows; all of these share one turn. */
  readonly uid: number | null;
  readonly until: number;
  /** The calling thread may be held for a moment: it has nothing to do but this. */
  readonly mayHold?: boolean;
}

export interface Lookup {
  readonly request: LookupRequest;
  readonly asker: LookupAsker;
  readonly settle: (reply: LookupReply | NoReply) => void;
}

/** One uid's lookups, in order. */
interface Line {
  spentMs: number;
  readonly waiting: Lookup[];
}

/** Uids whose past use is remembered. */
const MAX_LINES = 1_024;

/**
 * Lookups that wait for the disk, fair between those who ask: a path can be made to take as long as the deadline allows,
 * by links that anybody may plant. The next one is of the uid that has used the thread least, and what nobody waits for
 * any more is dropped, so that neither a flood nor its remains deny other users their answers.
 */
export class LookupQueue {
  readonly #lines = new Map<number | null, Line>();
  #floorMs = 0;

  /** How many wait. */
  get size(): number {
    return [...this.#lines.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  push(lookup: Lookup): void {
    const line = this.#lineOf(lookup.asker.uid);
    dropLate(line.waiting, performance.now());
    // whoever comes back after a pause starts level with the others: nobody saves up time
    if (line.waiting.length === 0) line.spentMs = Math.max(line.spentMs, this.#floorMs);
    line.waiting.push(lookup);
  }

  /** Takes the next one out; null = none. */
  next(): Lookup | null {
    const now = performance.now();
    let best: Line | null = null;
    for (const line of this.#lines.values()) {
      dropLate(line.waiting, now);
      if (line.waiting.length > 0 && (best === null || line.spentMs < best.spentMs)) best = line;
    }
    if (best === null) return null;
    this.#floorMs = Math.max(this.#floorMs, best.spentMs);
    return best.waiting.shift() ?? null;
  }

  /** What a lookup of this uid has taken. */
  charge(uid: number | null, ms: number): void {
    this.#lineOf(uid).spentMs += ms;
  }

  /** Takes all of them out. */
  flush(): readonly Lookup[] {
    return [...this.#lines.values()].flatMap((line) => line.waiting.splice(0));
  }

  #lineOf(uid: number | null): Line {
    const found = this.#lines.get(uid);
    if (found !== undefined) return found;
    if (this.#lines.size >= MAX_LINES) this.#forgetIdle();
    const line: Line = { spentMs: this.#floorMs, waiting: [] };
    this.#lines.set(uid, line);
    return line;
  }

  #forgetIdle(): void {
    for (const [uid, line] of this.#lines) if (line.waiting.length === 0) this.#lines.delete(uid);
  }
}

/** The oldest are the first to be late. */
function dropLate(waiting: Lookup[], now: number): void {
  for (let [first] = waiting; first !== undefined && first.asker.until < now; [first] = waiting) {
    waiting.shift();
    first.settle({ kind: 'none', reason: 'the disk was busy for too long' });
  }
}
