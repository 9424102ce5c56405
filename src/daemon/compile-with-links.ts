import type { Compilation } from '../policy/compilation.ts';
import type { HostFacts, PolicySet } from '../policy/policy-set.ts';
import { sameLinks } from './policy-upkeep.ts';
import type { ResolveLinks } from './prefix-looker.ts';

/** Compiles with the links that the rules' literal prefixes cross on this disk (semantics, Paths 7). */
export interface LinkedCompiler {
  compile(set: PolicySet): Promise<Compilation>;
  /** The links that were found last. */
  links(): HostFacts['links'];
}

export interface LinkedCompilerOptions {
  readonly compile: (set: PolicySet) => Compilation;
  readonly resolveLinks: ResolveLinks;
  /** Prefixes that the first set will have: what was kept of it is of use only if they lead where they led. */
  readonly expected?: readonly string[];
}

/**
 * Which prefixes there are is known only after reading the rules; where they lead is looked up in the resolver's thread,
 * which may lose itself on a hung mount. So a set is compiled with the links that were known, and once more if they have
 * changed.
 */
export function createLinkedCompiler({ compile, resolveLinks, expected = [] }: LinkedCompilerOptions): LinkedCompiler {
  let links: HostFacts['links'] = new Map();
  let isFirst = true;
  return {
    links: () => links,
    async compile(asked) {
      let set = asked;
      if (isFirst && expected.length > 0) {
        links = (await resolveLinks(expected, links)).links;
        set = { ...asked, host: { ...asked.host, links } };
      }
      isFirst = false;
      const compiled = compile(set);
      const found = await resolveLinks(compiled.literalPrefixes, links);
      links = found.links;
      if (sameLinks(links, set.host.links)) return compiled;
      return compile({ ...set, host: { ...set.host, links } });
    },
  };
}
