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

/** Of one compiled layer, by numbers alone: a rule gets a place when it first determines a decision. */
class LayerHits {
  readonly layer: Layer;
  /** By rule: its place + 1; 0 = it has none. */
  readonly #places: Uint16Array;
  readonly #rules = new Uint32Array(MAX_RULES);
  readonly #hits = new Float64Array(MAX_RULES);
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

  *read(): Generator<RuleHit, undefined> {
    for (let place = 0; place < this.#used; place += 1) {
      const { id, name, policy } = ruleAt(this.layer.rules, this.#rules[place] ?? 0);
      yield { origin: this.layer.origin, policy, rule: id, name, hits: this.#hits[place] ?? 0 };
    }
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

  /** These layers serve from now on: a bounded piece of work, once a swap. */
  turnOver(layers: readonly Layer[]): void {
    for (const old of this.#layers) {
      if (layers.includes(old.layer)) continue;
      for (const hit of old.read()) this.#keep(hit);
    }
    this.#layers = layers.map((layer) => this.#layers.find((old) => old.layer === layer) ?? new LayerHits(layer));
    this.#last = null;
    for (const key of this.#earlier.keys()) {
      if (this.#earlier.size <= MAX_RULES) break;
      this.#earlier.delete(key);
    }
  }

  /** What was counted so far; at most a thousand for each layer, and a thousand of earlier policies. */
  read(): readonly RuleHit[] {
    const all = new Map(this.#earlier);
    for (const layer of this.#layers) {
      for (const hit of layer.read()) {
        const key = keyOf(hit);
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

  #keep(hit: RuleHit): void {
    const key = keyOf(hit);
    const hits = hit.hits + (this.#earlier.get(key)?.hits ?? 0);
    this.#earlier.delete(key);
    this.#earlier.set(key, { ...hit, hits });
  }
}

function keyOf({ origin, policy, rule, name }: RuleHit): string {
  return JSON.stringify([origin, policy, rule, name]);
}
