import { lstatSync } from 'node:fs';

import type { ResolvedPrefix } from '../policy/policy-set.ts';
import type { Platform } from '../policy/resource/path.ts';
import { type CrossedLink, HERE, walkLinks } from './walk.ts';

/**
 * Where the literal prefixes of rules lead (Paths 7). A prefix that crosses no link, or that cannot be resolved, has no
 * entry. Blocks while the disk does.
 */
export function resolveLiteralPrefixes(prefixes: Iterable<string>): Map<string, ResolvedPrefix> {
  const links = new Map<string, ResolvedPrefix>();
  for (const prefix of prefixes) {
    const resolved = resolveLiteralPrefix(prefix);
    if (resolved !== null) links.set(prefix, resolved);
  }
  return links;
}

/** One prefix; null where it crosses no link or cannot be resolved. */
export function resolveLiteralPrefix(prefix: string, platform: Platform = HERE): ResolvedPrefix | null {
  const crossed: CrossedLink[] = [];
  const resolution = walkLinks(prefix, platform, (link) => crossed.push(link));
  if (crossed.length === 0 || resolution.kind === 'unresolvable' || resolution.real === prefix) return null;
  return { resolved: resolution.real, trusted: crossed.every(isTrusted) };
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
