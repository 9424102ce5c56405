/** Who turns are charged to beside the connection: all connections of a known uid share one. */
export interface Caller {
  /** Milliseconds of the event loop used so far; only comparable within one `Turns`. */
  spent: number;
}

/** Something that has work for the event loop, bit by bit. */
export interface Turn {
  /** null where nobody knows whose it is: then it stands for itself. */
  readonly caller: Caller | null;
  spent: number;
  /** How long its last turn took. */
  lastMs: number;
  /** How long the next one will take, by the input that waits. */
  readonly pendingMs: number;
  /** Works until about `until` (`performance.now()`); true when there is more that could be done at once. */
  run(until: number): boolean;
}

export interface TurnProgress {
  readonly given: number;
  readonly waiting: number;
}

/** How long one connection may work before the others get their turn. */
const SLICE_MS = 1;
/** How much may be done at once, outside the order, before everybody has to queue again. */
const AT_ONCE_MS = 1;
/** How much of that each millisecond gives back in which nothing was done at once: the loop looks for input then. */
const AT_ONCE_BACK = 0.5;
/** How long turns are given before the event loop looks for new input. */
const ROUND_MS = 4;
/** How many connections may come in between two rounds. */
const MAX_ARRIVALS = 256;

/**
 * Fair between callers (api, "Files and who may what"), as fair queueing of packets is: the turn goes to the caller that
 * has used the event loop least, and of its connections to the one that would have used least when its turn is over.
 * Whoever comes back after a pause starts level with those that are waiting, so nobody saves up time; and since what a
 * turn will take counts as well, a light caller is not behind every flooder that is level with it.
 */
export class Turns {
  readonly #waiting = new Set<Turn>();
  #scheduled = false;
  #callerFloor = 0;
  #ownFloor = 0;
  #doneAtOnce = 0;
  #lastAtOnce = 0;
  #arrived = false;
  #arrivals = 0;
  #given = 0;

  /** How many turns were given, and how many are waited for: where some are and none was, nothing gets on. */
  get progress(): TurnProgress {
    return { given: this.#given, waiting: this.#waiting.size };
  }

  isWaiting(turn: Turn): boolean {
    return this.#waiting.has(turn);
  }

  /** Gives a turn: at once if it is `light` and nobody waits, in the order of fairness otherwise. */
  offer(turn: Turn, light: boolean): void {
    if (this.#waiting.has(turn)) return;
    if (turn.caller !== null) turn.caller.spent = Math.max(turn.caller.spent, this.#callerFloor);
    turn.spent = Math.max(turn.spent, this.#ownFloor);
    if (light && this.#mayGoAtOnce() && !this.#giveAtOnce(turn)) return;
    this.#waiting.add(turn);
    this.#schedule();
  }

  /** Takes back an offer; for a connection that is gone. */
  withdraw(turn: Turn): void {
    this.#waiting.delete(turn);
  }

  /**
   * A connection came in. The event loop takes in one each time it looks for input, so that behind a flood of them, and
   * rounds that are made long by large batches, a newcomer would wait for as many rounds: they are let in first.
   */
  arrived(): void {
    this.#arrived = true;
  }

  /** Between two rounds all sockets with input are seen: work at once must not add up to a stall of the loop. */
  #mayGoAtOnce(): boolean {
    return this.#waiting.size === 0 && this.#doneAtOnce < AT_ONCE_MS;
  }

  #giveAtOnce(turn: Turn): boolean {
    const more = this.#give(turn);
    const now = performance.now();
    const pauseMs = now - turn.lastMs - this.#lastAtOnce;
    this.#doneAtOnce = Math.max(0, this.#doneAtOnce - AT_ONCE_BACK * pauseMs) + turn.lastMs;
    this.#lastAtOnce = now;
    return more;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#moreMayArrive()) this.#schedule();
      else this.#round();
    });
  }

  #moreMayArrive(): boolean {
    const more = this.#arrived && this.#arrivals < MAX_ARRIVALS;
    this.#arrivals = more ? this.#arrivals + 1 : 0;
    this.#arrived = false;
    return more;
  }

  #round(): void {
    this.#doneAtOnce = 0;
    const roundEnd = performance.now() + ROUND_MS;
    while (this.#waiting.size > 0 && performance.now() < roundEnd) {
      const turn = this.#next();
      if (turn === null) return;
      if (turn.caller !== null) this.#callerFloor = Math.max(this.#callerFloor, turn.caller.spent);
      this.#ownFloor = Math.max(this.#ownFloor, turn.spent);
      // taken out first: what it is offered while it runs must not get lost
      this.#waiting.delete(turn);
      if (this.#give(turn)) this.#waiting.add(turn);
    }
    if (this.#waiting.size > 0) this.#schedule();
  }

  #give(turn: Turn): boolean {
    const start = performance.now();
    this.#given += 1;
    const more = turn.run(start + SLICE_MS);
    turn.lastMs = performance.now() - start;
    turn.spent += turn.lastMs;
    if (turn.caller !== null) turn.caller.spent += turn.lastMs;
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
  const [callerOfA, callerOfB] = [a.caller?.spent ?? levelAfter(a), b.caller?.spent ?? levelAfter(b)];
  return callerOfA === callerOfB ? levelAfter(a) < levelAfter(b) : callerOfA < callerOfB;
}

/** What it will have used when its turn is over. */
function levelAfter(turn: Turn): number {
  return turn.spent + Math.max(turn.lastMs, turn.pendingMs);
}
