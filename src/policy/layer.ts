import type { Domain } from './action.ts';
import type { Effect, Origin } from './decision.ts';
import { buildNetworkIndex, type NetworkIndex } from './index/network-index.ts';
import { buildPathIndex, type PathIndex } from './index/path-index.ts';
import { TextTableBuilder } from './index/text-table.ts';
import type { PlacedRule } from './placed-rule.ts';
import type { HostFacts } from './policy-set.ts';
import type { NetworkPattern } from './resource/network-pattern.ts';
import { buildRuleTable, type RuleTable } from './rule-table.ts';
import { type TargetDraft, targetDrafts } from './target-drafts.ts';
import {
  APPROVAL,
  DENIES,
  EVERYBODY,
  INERT,
  PERSONAL,
  type TargetTable,
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
  readonly paths: Readonly<Record<Effect, PathIndex>>;
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
}

export function buildLayer(origin: Origin, placed: readonly PlacedRule[], host: HostFacts): BuiltLayer {
  const drafts = placed.flatMap(({ read }, rule) => targetDrafts(origin, read, rule, host));
  const pathsOf = (effect: Effect): PathIndex =>
    buildPathIndex(
      drafts.map((draft) => (draft.effect === effect ? (draft.path ?? undefined) : undefined)),
      { fold: effect === 'deny' && (host.platform === 'darwin' || host.foldingMounts.length > 0) },
    );
  const layer: Layer = {
    origin,
    rules: buildRuleTable(placed),
    targets: buildTargetTable(drafts, placed),
    network: buildNetworkIndex(drafts.map((draft) => draft.network ?? undefined)),
    paths: { allow: pathsOf('allow'), deny: pathsOf('deny') },
    speaks: { network: speaksOf(placed, 'network'), filesystem: speaksOf(placed, 'filesystem') },
    asksApproval: placed.some((rule) => rule.approval && rule.inert === null),
    hasUntrusted: drafts.some((draft) => draft.effect === 'allow' && draft.untrusted),
  };
  return { layer, prefixes: prefixesOf(placed, drafts) };
}

function buildTargetTable(drafts: readonly TargetDraft[], placed: readonly PlacedRule[]): TargetTable {
  const texts = new TextTableBuilder();
  let last = '';
  const textNumbers = Uint32Array.from(drafts, ({ text }, target) => {
    // the forms of one resource follow one another
    const number = target > 0 && text === last ? texts.size - 1 : texts.add(text);
    last = text;
    return number;
  });
  const owners = Uint32Array.from(drafts, ({ rule }) => placed[rule]?.uid ?? EVERYBODY);
  const homes = Uint32Array.from(drafts, ({ home }) => (typeof home === 'object' ? home.uid : EVERYBODY));
  const isShared = (uid: number): boolean => uid === EVERYBODY;
  return {
    texts: texts.build(),
    textNumbers,
    rules: Uint32Array.from(drafts, ({ rule }) => rule),
    flags: Uint16Array.from(drafts, (draft) => flagsOf(draft, placed[draft.rule])),
    ports: Uint16Array.from(drafts, ({ network }) => (network === null ? 0 : portOf(network))),
    lengths: Uint8Array.from(drafts, ({ network }) => (network === null ? 0 : lengthOf(network))),
    owners: owners.every(isShared) ? new Uint32Array(0) : owners,
    homes: homes.every(isShared) ? new Uint32Array(0) : homes,
  };
}

function flagsOf({ effect, home, untrusted }: TargetDraft, rule: PlacedRule | undefined): number {
  if (rule === undefined) return INERT;
  let flags = rule.read.actions;
  if (effect === 'deny') flags |= DENIES;
  if (rule.inert !== null) flags |= INERT;
  if (rule.approval) flags |= APPROVAL;
  if (rule.uid !== null || home !== 'all') flags |= PERSONAL;
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

/** Everybody's rules first: looking prefixes up has a bound, and no user's own rules may use it up. */
function prefixesOf(placed: readonly PlacedRule[], drafts: readonly TargetDraft[]): string[] {
  const isEverybodys = (draft: TargetDraft): boolean => placed[draft.rule]?.uid === null;
  const ordered = [...drafts.filter(isEverybodys), ...drafts.filter((draft) => !isEverybodys(draft))];
  return [...new Set(ordered.flatMap((draft) => draft.prefix ?? []))];
}

function speaksOf(placed: readonly PlacedRule[], domain: Domain): Record<Effect, boolean> {
  const active = placed.filter((rule) => rule.inert === null && rule.read.domain === domain);
  return {
    allow: active.some((rule) => rule.read.effect === 'allow'),
    deny: active.some((rule) => rule.read.effect === 'deny'),
  };
}
