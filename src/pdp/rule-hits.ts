import type { Origin } from '../policy/decision.ts';
import type { Layer } from '../policy/layer.ts';
import { ruleAt } from '../policy/rule-table.ts';
import type { Match } from '../policy/verdict.ts';

/** How many decisions one rule has determined since the start. */
export interface RuleHit {
  readonly origin: Origin;
  readonly policy: string;
  readonly rule: string;
  readonly name: string;
  readonly hits: number;
}

/** Rules that are told apart, in one layer and in all; what else determined a decision is counted together. */
const MAX_RULES = 1_000;
/** Rules of earlier policies that are read before others get their turn: some hundred microseconds. */
const CARRIED_AT_ONCE = 32;

/** What a rule is called, and the same as one text. */
interface NamedRule {
  readonly key: string;
  readonly names: Omit<RuleHit, 'hits'>;
}

interface KeyedHit {
  readonly key: string;
  readonly hit: RuleHit;
}

/** Of one compiled layer, by numbers alone: a rule gets a place when it first determines a decision. */
class LayerHits {
  readonly layer: Layer;
  /** By rule: its place + 1; 0 = it has none. */
  readonly #places: Uint16Array;
  readonly #rules = new Uint32Array(MAX_RULES);
  readonly #hits = new Float64Array(MAX_RULES);
  readonly #named: NamedRule[] = [];
  #used = 0;

  constructor(layer: Layer) {
    this.layer = layer;
    this.#places = new Uint16Array(layer.rules.ids.length);
  }

  /** False where there is no place left. */
  add(target: number): boolean {
    const rule = this.layer.targets.rules[target] ?? 0;
    let place = this.#places[rule] ?? 0;
    if (place === 0) {
      if (this.#used === MAX_RULES) return false;
      this.#rules[this.#used] = rule;
      this.#used += 1;
      place = this.#used;
      this.#places[rule] = place;
    }
    this.#hits[place - 1] = (this.#hits[place - 1] ?? 0) + 1;
    return true;
  }

  *read(): Generator<KeyedHit, undefined> {
    for (let place = 0; place < this.#used; place += 1) {
      const named = (this.#named[place] ??= this.#nameOf(place));
      yield { key: named.key, hit: { ...named.names, hits: this.#hits[place] ?? 0 } };
    }
  }

  /** Decoded when it is first read, and kept for the next time. */
  #nameOf(place: number): NamedRule {
    const { id, name, policy } = ruleAt(this.layer.rules, this.#rules[place] ?? 0);
    const names = { origin: this.layer.origin, policy, rule: id, name };
    return { key: JSON.stringify([names.origin, policy, id, name]), names };
  }
}

/**
 * Which rules determine decisions, and how often. Counting allocates nothing but once for each layer. When another
 * policy is swapped in, what its predecessor's rules were hit is carried over by their names: a counter only grows.
 */
export class RuleHits {
  /** Of the layers that serve. */
  #layers: LayerHits[] = [];
  #last: LayerHits | null = null;
  /** Of the policies before, what is not carried over yet. */
  #leaving: Generator<KeyedHit, undefined>[] = [];
  /** Of earlier policies, by what the rules are called; those that were hit last come last. */
  readonly #earlier = new Map<string, RuleHit>();
  #others = 0;

  /** Decisions that were determined by a rule without a line of its own. */
  get others(): number {
    return this.#others;
  }

  count({ layer, target }: Match): void {
    const hits = this.#last?.layer === layer ? this.#last : this.#hitsOf(layer);
    // a batch that began before a swap ends on layers that are gone
    if (hits?.add(target) !== true) this.#others += 1;
  }

  /** These layers serve from now on. What the others were hit is carried over bit by bit: nobody waits for it. */
  turnOver(layers: readonly Layer[]): void {
    const before = this.#leaving.length;
    for (const old of this.#layers) if (!layers.includes(old.layer)) this.#leaving.push(old.read());
    if (before === 0 && this.#leaving.length > 0) setImmediate(() => this.#carryOn());
    this.#layers = layers.map((layer) => this.#layers.find((old) => old.layer === layer) ?? new LayerHits(layer));
    this.#last = null;
  }

  /** What was counted so far; at most a thousand for each layer, and a thousand of earlier policies. */
  read(): readonly RuleHit[] {
    this.#carryOver(Number.POSITIVE_INFINITY);
    const all = new Map(this.#earlier);
    for (const layer of this.#layers) {
      for (const { key, hit } of layer.read()) {
        all.set(key, { ...hit, hits: hit.hits + (all.get(key)?.hits ?? 0) });
      }
    }
    return [...all.values()];
  }

  #hitsOf(layer: Layer): LayerHits | null {
    const found = this.#layers.find((hits) => hits.layer === layer) ?? null;
    this.#last = found;
    return found;
  }

  #carryOn(): void {
    this.#carryOver(CARRIED_AT_ONCE);
    if (this.#leaving.length > 0) setImmediate(() => this.#carryOn());
  }

  #carryOver(most: number): void {
    for (let carried = 0; carried < most; carried += 1) {
      const next = this.#leaving[0]?.next();
      if (next === undefined) break;
      if (next.value === undefined) this.#leaving.shift();
      else this.#keep(next.value);
    }
    for (const key of this.#earlier.keys()) {
      if (this.#earlier.size <= MAX_RULES) break;
      this.#earlier.delete(key);
    }
  }

  #keep({ key, hit }: KeyedHit): void {
    const hits = hit.hits + (this.#earlier.get(key)?.hits ?? 0);
    this.#earlier.delete(key);
    this.#earlier.set(key, { ...hit, hits });
  }
}
