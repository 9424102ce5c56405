import type { CompileWorker } from '../pdp/compile-worker.ts';
import type { PathResolver } from '../pdp/path-resolver.ts';
import type { HostFacts, PolicySet } from '../policy/policy-set.ts';
import type { Compilation } from '../policy/snapshot.ts';
import { sameLinks } from './policy-upkeep.ts';

/** Compiles with the links that the rules' literal prefixes cross on this disk (semantics, Paths 7). */
export interface LinkedCompiler {
  compile(set: PolicySet): Promise<Compilation>;
  /** The links that were found last. */
  links(): HostFacts['links'];
}

/**
 * Which prefixes there are is known only after reading the rules, which the compile thread does; where they lead is
 * looked up in the resolver's thread, which may lose itself on a hung mount. So a set is compiled with the links that
 * were known, and once more if they have changed.
 */
export function createLinkedCompiler(worker: CompileWorker, resolver: PathResolver): LinkedCompiler {
  let links: HostFacts['links'] = new Map();
  return {
    links: () => links,
    async compile(set) {
      const policy = await worker.compileInWorker(set);
      const found = await resolver.resolvePrefixes(policy.literalPrefixes, links);
      links = found.links;
      if (sameLinks(links, set.host.links)) return policy;
      return worker.compileInWorker({ ...set, host: { ...set.host, links } });
    },
  };
}
