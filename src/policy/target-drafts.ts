import type { Effect, Origin } from './decision.ts';
import type { HostFacts } from './policy-set.ts';
import type { NetworkPattern } from './resource/network-pattern.ts';
import { literalPrefix, type PathPattern, withCommonHomes, withHome, withPrefix } from './resource/path-pattern.ts';
import type { ReadRule } from './rule.ts';

/** Whose requests a `~` target counts for: all, one uid, or all but ordinary users (Paths 6). */
type HomeScope = 'all' | 'unless_ordinary' | { readonly uid: number };

/** One way in which one resource of a rule can match, before it is a row of the target table. */
export interface TargetDraft {
  readonly effect: Effect;
  /** The resource as it was written. */
  readonly text: string;
  readonly network: NetworkPattern | null;
  readonly path: PathPattern | null;
  readonly home: HomeScope;
  /** The literal prefix of a path pattern. */
  readonly prefix: string | null;
  /** The pattern leads through links, some of which root does not own (Paths 7). */
  readonly untrusted: boolean;
}

/** Hands over the targets of a rule in their order: network resources, then paths with `~` replaced. */
export function eachTarget(
  { origin, host }: { readonly origin: Origin; readonly host: HostFacts },
  read: ReadRule,
  take: (draft: TargetDraft) => void,
): void {
  const { effect, resources } = read;
  for (const resource of resources) {
    if (resource.kind !== 'network') continue;
    const { pattern: network, text } = resource;
    take({ effect, text, network, path: null, home: 'all', prefix: null, untrusted: false });
  }
  for (const resource of resources) {
    if (resource.kind !== 'path') continue;
    const anyHome = resource.anyHome || origin === 'builtin';
    for (const { pattern: path, home } of homeForms({ pattern: resource.pattern, anyHome }, effect, host)) {
      const prefix = literalPrefix(path);
      const draft = { effect, text: resource.text, network: null, path, home, prefix, untrusted: false };
      take(draft);
      const link = prefix === null ? undefined : host.links.get(prefix);
      if (prefix === null || link === undefined) continue;
      // Paths 7: the same pattern behind the links that its literal prefix crosses
      take({ ...draft, path: withPrefix(path, prefix, link.resolved), untrusted: !link.trusted });
    }
  }
}

interface HomeForm {
  readonly pattern: PathPattern;
  readonly home: HomeScope;
}

/**
 * Paths 6: `~` stands for the home of the request's uid; denies also cover the homes of peers that are not known, and
 * with `anyHome` everybody's from everybody (semantics, 4.6: every user's own files are protected).
 */
function homeForms(
  { pattern, anyHome }: { readonly pattern: PathPattern; readonly anyHome: boolean },
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
