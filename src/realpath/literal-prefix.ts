import { lstatSync } from 'node:fs';

import type { ResolvedPrefix } from '../policy/policy-set.ts';
import { isCanonicalPath, type Platform } from '../policy/resource/path.ts';
import { type Look, look, type Seen } from './look.ts';
import { type CrossedLink, HERE, walkLinks } from './walk.ts';

/**
 * Where the literal prefixes of rules lead (Paths 7). A prefix that crosses no link, or that cannot be resolved, has no
 * entry. Blocks while the disk does.
 */
export function resolveLiteralPrefixes(prefixes: Iterable<string>): Map<string, ResolvedPrefix> {
  const survey = new PrefixSurvey();
  const links = new Map<string, ResolvedPrefix>();
  for (const prefix of prefixes) {
    const resolved = survey.resolve(prefix);
    if (resolved !== null) links.set(prefix, resolved);
  }
  return links;
}

/** One prefix; null where it crosses no link or cannot be resolved. */
export function resolveLiteralPrefix(prefix: string, platform: Platform = HERE): ResolvedPrefix | null {
  return resolvePrefix(prefix, { platform, look, isTrusted });
}

/** How a directory that a prefix names is reached: through none but directories, through a link, or not at all. */
type Way = 'directories' | 'link' | 'end';

/**
 * Where many prefixes lead that are looked at together: what several of them pass is looked at once, and behind a name
 * that does not exist nothing is looked at. To be kept for one short pass: the disk may have changed after it.
 */
export class PrefixSurvey {
  readonly #platform: Platform;
  readonly #ways = new Map<string, Way>([['', 'directories']]);
  readonly #look = remembering(look);
  readonly #trust = new Map<string, boolean>();

  constructor(platform: Platform = HERE) {
    this.#platform = platform;
  }

  /** The same as `resolveLiteralPrefix`. */
  resolve(prefix: string): ResolvedPrefix | null {
    if (isCanonicalPath(prefix) && !this.#crossesLink(prefix)) return null;
    const isTrustedLink = (link: CrossedLink): boolean => this.#isTrusted(link);
    return resolvePrefix(prefix, { platform: this.#platform, look: this.#look, isTrusted: isTrustedLink });
  }

  #crossesLink(prefix: string): boolean {
    if (prefix === '/') return false;
    const parent = prefix.slice(0, prefix.lastIndexOf('/'));
    const way = this.#ways.get(parent) ?? this.#wayTo(parent);
    return way === 'link' || (way === 'directories' && this.#look(prefix).kind === 'link');
  }

  /** From the top, so that nothing is kept of what lies behind the end. */
  #wayTo(directory: string): Way {
    for (let end = directory.indexOf('/', 1); end !== -1; end = directory.indexOf('/', end + 1)) {
      const way = this.#wayThrough(directory.slice(0, end));
      if (way !== 'directories') return way;
    }
    return this.#wayThrough(directory);
  }

  #wayThrough(path: string): Way {
    const known = this.#ways.get(path);
    if (known !== undefined) return known;
    const { kind } = this.#look(path);
    const way = kind === 'directory' ? 'directories' : kind === 'link' ? 'link' : 'end';
    this.#ways.set(path, way);
    return way;
  }

  #isTrusted(link: CrossedLink): boolean {
    const known = this.#trust.get(link.path) ?? isTrusted(link);
    this.#trust.set(link.path, known);
    return known;
  }
}

function remembering(lookAt: Look): Look {
  const seen = new Map<string, Seen>();
  return (path) => {
    const known = seen.get(path) ?? lookAt(path);
    seen.set(path, known);
    return known;
  };
}

interface PrefixWalk {
  readonly platform: Platform;
  readonly look: Look;
  readonly isTrusted: (link: CrossedLink) => boolean;
}

function resolvePrefix(prefix: string, walk: PrefixWalk): ResolvedPrefix | null {
  const links: CrossedLink[] = [];
  const { platform } = walk;
  const resolution = walkLinks(prefix, { platform, look: walk.look, crossed: (link) => links.push(link) });
  if (links.length === 0 || resolution.kind === 'unresolvable' || resolution.real === prefix) return null;
  return { resolved: resolution.real, trusted: links.every(walk.isTrusted) };
}

const GROUP_OR_OTHER_WRITE = 0o022;

/** Paths 7: root's link in root's directory, where nobody else can put another in its place. */
function isTrusted({ directory, path }: CrossedLink): boolean {
  // `/proc/self` is root's as well, but leads whoever resolves it to themselves: to us, not to the asker.
  if (directory === '/proc') return false;
  try {
    const parent = lstatSync(directory);
    return lstatSync(path).uid === 0 && parent.uid === 0 && (parent.mode & GROUP_OR_OTHER_WRITE) === 0;
  } catch {
    return false;
  }
}
