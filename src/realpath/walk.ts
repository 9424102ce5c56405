import { shown } from '../base/shown.ts';
import { componentsOf, isCanonicalPath, isMagic, leadsThroughMagic, type Platform } from '../policy/resource/path.ts';
import { type Look, look } from './look.ts';

/** Where a path really leads, or why that cannot be said. */
export type Resolution =
  | { readonly kind: 'real'; readonly real: string }
  | { readonly kind: 'unresolvable'; readonly reason: string };

/** A link on the way: its name in the directory that holds it, both without links. */
export interface CrossedLink {
  readonly directory: string;
  readonly path: string;
}

/** The most links one path may lead through: what Linux follows (Paths 2). */
const MAX_LINKS = 40;

const NOWHERE: ReadonlySet<string> = new Set();

/** The platform whose path rules hold where the walk takes place. */
export const HERE: Platform = process.platform === 'darwin' ? 'darwin' : 'linux';

/**
 * Resolves a path as sent, component by component, as the kernel would (Paths 2): links where they stand, `..` where the
 * walk has got to, never in the text. Blocks while the disk does; a daemon walks in a worker.
 */
export function walkPath(sent: string, platform: Platform = HERE): Resolution {
  return walkLinks(sent, { platform });
}

export interface WalkOptions {
  readonly platform?: Platform;
  /** Told of each link that is followed. */
  readonly crossed?: (link: CrossedLink) => void;
  /** How a name is looked at: at the disk, unless somebody remembers. */
  readonly look?: Look;
  /** Mount points below which whoever asked may see another tree than this process. */
  readonly foreign?: ReadonlySet<string>;
}

/** The same for those who want to know of the links. */
export function walkLinks(sent: string, options: WalkOptions): Resolution {
  const { platform = HERE, crossed, look: lookAt = look, foreign = NOWHERE } = options;
  if (leadsThroughMagic(sent, platform)) return magic(sent);
  if (foreign.has('/')) return elsewhere('/');
  /** What is still to be walked, last first. */
  const ahead = componentsOf(sent).reverse();
  /** Where the walk has got to, without its last `/`: no link in it. */
  let behind = '';
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === '..') {
      behind = behind.slice(0, Math.max(0, behind.lastIndexOf('/')));
      continue;
    }
    const path = `${behind}/${name}`;
    // Paths 4: tested on the name of a link too, before it is followed; up to the first link the path as sent told
    if (links > 0 && isMagic(componentsOf(path), platform)) return magic(path);
    if (foreign.has(path)) return elsewhere(path);
    const seen = lookAt(path);
    if (seen.kind === 'unreadable') return unresolvable(seen.reason);
    if (seen.kind === 'missing') return foreignAhead(path, ahead, foreign) ?? appended(path, ahead.reverse(), platform);
    if (seen.kind === 'other' && ahead.length > 0) return unresolvable(`${shown(path)} is no directory`);
    if (seen.kind !== 'link') {
      behind = path;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return unresolvable(`more than ${MAX_LINKS} links`);
    crossed?.({ directory: behind === '' ? '/' : behind, path });
    if (seen.target.startsWith('/')) behind = '';
    ahead.push(...componentsOf(seen.target).reverse());
  }
  return checked(behind === '' ? '/' : behind, platform);
}

/** Nothing is there for this process, and a mount may be for another one. */
function foreignAhead(missing: string, ahead: readonly string[], foreign: ReadonlySet<string>): Resolution | null {
  let path = missing;
  for (const name of foreign.size === 0 ? [] : ahead.toReversed()) {
    path = `${path}/${name}`;
    if (foreign.has(path)) return elsewhere(path);
  }
  return null;
}

/** Paths 2: nothing is behind a name that does not exist, so the rest is text; but then a `..` in it means nothing. */
function appended(missing: string, rest: readonly string[], platform: Platform): Resolution {
  if (rest.includes('..')) {
    return unresolvable(`${shown(missing)} does not exist, so no \`..\` leads out of it`);
  }
  return checked([missing, ...rest].join('/'), platform);
}

/** The real form obeys the rules that `real` in a request has to obey (semantics, 2; Paths 4). */
function checked(real: string, platform: Platform): Resolution {
  if (leadsThroughMagic(real, platform)) return magic(real);
  if (!isCanonicalPath(real)) return unresolvable('the resolved path is too long');
  return { kind: 'real', real };
}

function magic(path: string): Resolution {
  return unresolvable(`${shown(path)} leads to something else for every process`);
}

/** Paths 2: this process walks its own tree, and whoever asked may be in another one. */
function elsewhere(point: string): Resolution {
  return unresolvable(
    `${shown(point)} is another mount for the rest of the machine than for this daemon: send \`real\``,
  );
}

function unresolvable(reason: string): Resolution {
  return { kind: 'unresolvable', reason };
}
