/** Who a turn is charged to beside itself: all connections of a known uid share one. */
export interface Caller {
  /** Milliseconds of the event loop used so far; only comparable within one `Turns`. */
  spent: number;
}

/** Something that has work for the event loop, bit by bit. */
export interface Turn {
  readonly caller: Caller;
  spent: number;
  /** Works until about `until` (`performance.now()`); true when there is more that could be done at once. */
  run(until: number): boolean;
}

/** How long one connection may work before the others get their turn. */
const SLICE_MS = 1;
/** How long turns are given before the event loop looks for new input. */
const ROUND_MS = 4;

/**
 * Fair between callers (api, "Files and who may what"): the turn goes to the caller, and of its connections to the one,
 * that has used the event loop least. Whoever comes back after a pause starts level with those that are waiting: so a
 * light caller waits for a slice or two however many others flood, and nobody saves up time.
 */
export class Turns {
  readonly #waiting = new Set<Turn>();
  #scheduled = false;
  #callerFloor = 0;
  #ownFloor = 0;

  isWaiting(turn: Turn): boolean {
    return this.#waiting.has(turn);
  }

  /** Gives a turn: at once if it is `light` and nobody waits, in the order of fairness otherwise. */
  offer(turn: Turn, light: boolean): void {
    if (this.#waiting.has(turn)) return;
    turn.caller.spent = Math.max(turn.caller.spent, this.#callerFloor);
    turn.spent = Math.max(turn.spent, this.#ownFloor);
    if (light && this.#waiting.size === 0 && !this.#give(turn)) return;
    this.#waiting.add(turn);
    this.#schedule();
  }

  /** Takes back an offer; for a connection that is gone. */
  withdraw(turn: Turn): void {
    this.#waiting.delete(turn);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#round();
    });
  }

  #round(): void {
    const roundEnd = performance.now() + ROUND_MS;
    while (this.#waiting.size > 0 && performance.now() < roundEnd) {
      const turn = this.#next();
      if (turn === null) return;
      this.#callerFloor = Math.max(this.#callerFloor, turn.caller.spent);
      this.#ownFloor = Math.max(this.#ownFloor, turn.spent);
      // taken out first: what it is offered while it runs must not get lost
      this.#waiting.delete(turn);
      if (this.#give(turn)) this.#waiting.add(turn);
    }
    if (this.#waiting.size > 0) this.#schedule();
  }

  #give(turn: Turn): boolean {
    const start = performance.now();
    const more = turn.run(start + SLICE_MS);
    const used = performance.now() - start;
    turn.caller.spent += used;
    turn.spent += used;
    return more;
  }

  #next(): Turn | null {
    let best: Turn | null = null;
    for (const turn of this.#waiting) {
      if (best === null || isBefore(turn, best)) best = turn;
    }
    return best;
  }
}

function isBefore(a: Turn, b: Turn): boolean {
  if (a.caller.spent !== b.caller.spent) return a.caller.spent < b.caller.spent;
  return a.spent < b.spent;
}
