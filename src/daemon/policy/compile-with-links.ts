import type { Compilation } from '../../policy/compilation.ts';
import type { HostFacts, PolicySet } from '../../policy/policy-set.ts';
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
  let early: ReadonlySet<string> = new Set(expected);
  return {
    links: () => links,
    async compile(asked) {
      let set = asked;
      const looked = early;
      if (looked.size > 0) {
        links = (await resolveLinks([...looked], links)).links;
        set = { ...asked, host: { ...asked.host, links } };
        early = new Set();
      }
      const compiled = compile(set);
      const known = links;
      const left = compiled.literalPrefixes.filter((prefix) => !looked.has(prefix));
      const found = new Map((await resolveLinks(left, known)).links);
      // what was looked at just now stays as it was found
      for (const prefix of compiled.literalPrefixes) {
        const link = looked.has(prefix) ? known.get(prefix) : undefined;
        if (link !== undefined) found.set(prefix, link);
      }
      links = found;
      if (sameLinks(links, set.host.links)) return compiled;
      return compile({ ...set, host: { ...set.host, links } });
    },
  };
}
