import type { Domain } from './action.ts';
import type { Effect, Origin } from './decision.ts';
import { EVERYBODY } from './index/hits.ts';
import { type NetworkIndex, NetworkIndexBuilder } from './index/network-index.ts';
import { type PathIndex, PathIndexBuilder } from './index/path-index.ts';
import type { PlacedRule } from './placed-rule.ts';
import type { HostFacts } from './policy-set.ts';
import type { NetworkPattern } from './resource/network-pattern.ts';
import { type RuleTable, RuleTableBuilder } from './rule-table.ts';
import { eachTarget, type TargetDraft } from './target-drafts.ts';
import {
  APPROVAL,
  DENIES,
  INERT,
  PERSONAL,
  type TargetTable,
  TargetTableBuilder,
  UNLESS_ORDINARY,
  UNTRUSTED,
} from './target-table.ts';

/**
 * All rules of one origin, compiled: columns and indexes of numbers over runs of UTF-8, so that it crosses threads and
 * goes to disk as it is, and 100,000 rules are a few dozen objects. Rules and targets stand in the order in which
 * determining rules are named.
 */
export interface Layer {
  readonly origin: Origin;
  readonly rules: RuleTable;
  readonly targets: TargetTable;
  readonly network: NetworkIndex;
  readonly paths: PathIndex;
  /** Whether any rule that takes part says so: a layer with nothing to say is not looked into. */
  readonly speaks: Readonly<Record<Domain, Readonly<Record<Effect, boolean>>>>;
  /** Some allow that takes part asks for an approval first. */
  readonly asksApproval: boolean;
  /** Some allow leads through a link that root does not own. */
  readonly hasUntrusted: boolean;
}

export interface BuiltLayer {
  readonly layer: Layer;
  /** The literal path prefixes that its rules start with, which may lead through links (Paths 7). */
  readonly prefixes: readonly string[];
  /** Some of its rules begin with `~`: it has to be built anew for other homes. */
  readonly usesHomes: boolean;
}

/** Takes rules one by one, in the order in which they are named, and keeps of each only its rows. */
export class LayerBuilder {
  readonly #origin: Origin;
  readonly #host: HostFacts;
  readonly #rules = new RuleTableBuilder();
  readonly #targets = new TargetTableBuilder();
  readonly #network = new NetworkIndexBuilder();
  readonly #paths: PathIndexBuilder;
  readonly #speaks = { network: { allow: false, deny: false }, filesystem: { allow: false, deny: false } };
  readonly #prefixes = new Set<string>();
  readonly #personalPrefixes = new Set<string>();
  #asksApproval = false;
  #hasUntrusted = false;
  #usesHomes = false;

  constructor(origin: Origin, host: HostFacts) {
    this.#origin = origin;
    this.#host = host;
    this.#paths = new PathIndexBuilder({ fold: host.platform === 'darwin' || host.foldingMounts.length > 0 });
  }

  add(placed: PlacedRule): void {
    const { read, inert, approval } = placed;
    const rule = this.#rules.add(placed);
    if (inert === null) {
      this.#speaks[read.domain][read.effect] = true;
      this.#asksApproval ||= approval;
    }
    this.#usesHomes ||= read.resources.some((resource) => resource.kind === 'path' && resource.pattern.home);
    eachTarget({ origin: this.#origin, host: this.#host }, read, (draft) => this.#addTarget(draft, rule, placed));
  }

  build(): BuiltLayer {
    const layer: Layer = {
      origin: this.#origin,
      rules: this.#rules.build(),
      targets: this.#targets.build(),
      network: this.#network.build(),
      paths: this.#paths.build(),
      speaks: this.#speaks,
      asksApproval: this.#asksApproval,
      hasUntrusted: this.#hasUntrusted,
    };
    // everybody's first: looking prefixes up has a bound, and no user's own rules may use it up
    const prefixes = [...new Set([...this.#prefixes, ...this.#personalPrefixes])];
    return { layer, prefixes, usesHomes: this.#usesHomes };
  }

  #addTarget(draft: TargetDraft, rule: number, placed: PlacedRule): void {
    const { text, network, path, prefix, effect, home } = draft;
    const target = this.#targets.count;
    this.#targets.add({
      text,
      rule,
      flags: flagsOf(draft, placed),
      port: network === null ? 0 : portOf(network),
      length: network === null ? 0 : lengthOf(network),
      owner: placed.uid ?? EVERYBODY,
      home: typeof home === 'object' ? home.uid : EVERYBODY,
    });
    if (network !== null) this.#network.add(network, target);
    if (path !== null) this.#paths.add(path, target, effect);
    if (prefix !== null) (placed.uid === null ? this.#prefixes : this.#personalPrefixes).add(prefix);
    this.#hasUntrusted ||= effect === 'allow' && draft.untrusted;
  }
}

function flagsOf({ effect, home, untrusted }: TargetDraft, { read, inert, approval, uid }: PlacedRule): number {
  let flags = read.actions;
  if (effect === 'deny') flags |= DENIES;
  if (inert !== null) flags |= INERT;
  if (approval) flags |= APPROVAL;
  if (uid !== null || home !== 'all') flags |= PERSONAL;
  if (home === 'unless_ordinary') flags |= UNLESS_ORDINARY;
  // a deny counts wherever it leads
  if (effect === 'allow' && untrusted) flags |= UNTRUSTED;
  return flags;
}

function portOf(pattern: NetworkPattern): number {
  return pattern.kind === 'prefix' ? 0 : (pattern.port ?? 0);
}

function lengthOf(pattern: NetworkPattern): number {
  if (pattern.kind === 'address') return 32 * pattern.address.words.length + 1;
  return pattern.kind === 'prefix' ? pattern.prefix.length + 1 : 0;
}
