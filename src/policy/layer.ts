import type { Domain } from './action.ts';
import type { Effect, Origin } from './decision.ts';
import { buildNetworkIndex, type NetworkIndex } from './index/network-index.ts';
import { buildPathIndex, type PathIndex } from './index/path-index.ts';
import type { HostFacts } from './policy-set.ts';
import type { NetworkPattern } from './resource/network-pattern.ts';
import { literalPrefix, type PathPattern, withCommonHomes, withHome, withPrefix } from './resource/path-pattern.ts';
import type { ReadRule } from './rule.ts';

/** A rule as the evaluator holds it. Rules of a layer stand in the order in which determining rules are named. */
export interface LayerRule {
  readonly id: string;
  readonly name: string;
  /** Policy id, local file name or preset name. */
  readonly policy: string;
  readonly policyName: string;
  readonly effect: Effect;
  readonly domain: Domain;
  readonly actions: number;
  readonly approval: boolean;
  /** Counts only for requests of this uid; null = for all. */
  readonly uid: number | null;
  /** Why it takes no part; null = it does. Inert rules are indexed too, so that `explain` can name them. */
  readonly inert: string | null;
}

/** One way in which one resource of a rule can match; the indexes hold positions in `Layer.targets`. */
export interface Target {
  readonly rule: number;
  /** The resource as it was written. */
  readonly text: string;
  /** The pattern of a network resource; null for paths. */
  readonly network: NetworkPattern | null;
  readonly port: number | null;
  readonly home: HomeScope;
  /** The resolved pattern, where the written one leads through links (Paths 7). */
  readonly link: { readonly resolved: string; readonly trusted: boolean } | null;
}

/** Whose requests a `~` target counts for: all, one uid, or all but ordinary users (Paths 6). */
export type HomeScope = 'all' | 'unless_ordinary' | { readonly uid: number };

/** All rules of one origin, compiled. Plain data: it crosses threads by structured clone. */
export interface Layer {
  readonly origin: Origin;
  readonly rules: readonly LayerRule[];
  readonly targets: readonly Target[];
  readonly network: NetworkIndex;
  readonly paths: Readonly<Record<Effect, PathIndex>>;
  /** Whether any rule that takes part says so: a layer with nothing to say is not looked into. */
  readonly speaks: Readonly<Record<Domain, Readonly<Record<Effect, boolean>>>>;
  /** Some allow that takes part asks for an approval first. */
  readonly asksApproval: boolean;
  /** The literal path prefixes that its rules start with, which may lead through links (Paths 7). */
  readonly prefixes: readonly string[];
}

/** A rule to be compiled: what was read, and what its place in the policy set makes of it. */
export interface PlacedRule extends Omit<LayerRule, 'id' | 'name' | 'effect' | 'domain' | 'actions'> {
  readonly read: ReadRule;
}

interface Draft {
  readonly target: Target;
  readonly effect: Effect;
  readonly path: PathPattern | null;
  readonly prefix: string | null;
}

export function buildLayer(origin: Origin, placed: readonly PlacedRule[], host: HostFacts): Layer {
  const drafts = placed.flatMap(({ read }, ordinal) => {
    return draftsOf(origin === 'builtin' ? withEveryHome(read) : read, ordinal, host);
  });
  const pathsOf = (effect: Effect): PathIndex =>
    buildPathIndex(
      drafts.map((draft) => (draft.effect === effect ? (draft.path ?? undefined) : undefined)),
      { fold: effect === 'deny' && (host.platform === 'darwin' || host.foldingMounts.length > 0) },
    );
  return {
    origin,
    rules: placed.map(({ read, ...place }) => ({
      id: read.id,
      name: read.name,
      effect: read.effect,
      domain: read.domain,
      actions: read.actions,
      ...place,
    })),
    targets: drafts.map((draft) => draft.target),
    network: buildNetworkIndex(drafts.map((draft) => draft.target.network ?? undefined)),
    paths: { allow: pathsOf('allow'), deny: pathsOf('deny') },
    speaks: { network: speaksOf(placed, 'network'), filesystem: speaksOf(placed, 'filesystem') },
    asksApproval: placed.some((rule) => rule.approval && rule.inert === null),
    prefixes: prefixesOf(placed, drafts),
  };
}

/** Everybody's rules first: looking prefixes up has a bound, and no user's own rules may use it up. */
function prefixesOf(placed: readonly PlacedRule[], drafts: readonly Draft[]): string[] {
  const isEverybodys = (draft: Draft): boolean => placed[draft.target.rule]?.uid === null;
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

/** Semantics, 4.6: every user's own files are protected from everybody, so `~` is never one home only. */
function withEveryHome(read: ReadRule): ReadRule {
  const resources = read.resources.map((resource) =>
    resource.kind === 'path' ? { ...resource, anyHome: true } : resource,
  );
  return { ...read, resources };
}

function draftsOf(read: ReadRule, rule: number, host: HostFacts): Draft[] {
  const drafts: Draft[] = [];
  const { effect } = read;
  for (const resource of read.resources) {
    if (resource.kind !== 'network') continue;
    const { pattern, text } = resource;
    const port = pattern.kind === 'prefix' ? null : pattern.port;
    drafts.push({
      target: { rule, text, network: pattern, port, home: 'all', link: null },
      effect,
      path: null,
      prefix: null,
    });
  }
  for (const { pattern, home, text } of pathForms(read, host)) {
    const target = { rule, text, network: null, port: null, home };
    const prefix = literalPrefix(pattern);
    drafts.push({ target: { ...target, link: null }, effect, path: pattern, prefix });
    const link = prefix === null ? undefined : host.links.get(prefix);
    if (prefix === null || link === undefined) continue;
    // Paths 7: the same pattern behind the links that its literal prefix crosses
    drafts.push({ target: { ...target, link }, effect, path: withPrefix(pattern, prefix, link.resolved), prefix });
  }
  return drafts;
}

interface HomeForm {
  readonly pattern: PathPattern;
  readonly home: HomeScope;
}

/** The path patterns of a rule with `~` replaced, in resource order. */
function pathForms(read: ReadRule, host: HostFacts): (HomeForm & { readonly text: string })[] {
  return read.resources.flatMap((resource) => {
    if (resource.kind !== 'path') return [];
    return homeForms(resource, read.effect, host).map((form) => ({ ...form, text: resource.text }));
  });
}

/** Paths 6: `~` stands for the home of the request's uid; denies also cover the homes of peers that are not known. */
function homeForms(
  { pattern, anyHome }: { pattern: PathPattern; anyHome: boolean },
  effect: Effect,
  host: HostFacts,
): HomeForm[] {
  if (!pattern.home) return [{ pattern, home: 'all' }];
  const known = [...host.homes].map(([uid, home]) => ({ uid, pattern: withHome(pattern, home) }));
  if (effect === 'allow') return known.map((form) => ({ pattern: form.pattern, home: { uid: form.uid } }));
  const scope: HomeScope = anyHome ? 'all' : 'unless_ordinary';
  return [
    ...known.flatMap((form): HomeForm[] => [
      ...(anyHome ? [] : [{ pattern: form.pattern, home: { uid: form.uid } }]),
      { pattern: form.pattern, home: scope },
    ]),
    ...withCommonHomes(pattern).map((common) => ({ pattern: common, home: scope })),
  ];
}
