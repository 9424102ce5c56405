import { readFileSync } from 'node:fs';
import { codeOf } from '../base/coded-error.ts';
import { decodeMountPoint } from './mounts.ts';

/** What this process sees of the machine's files, compared with what its first process sees. */
export type MountTrees =
  /** Mount points below which the two are not the same; mostly none. */
  | { readonly kind: 'compared'; readonly differ: readonly string[] }
  /** The other table cannot be read: this process's own tree has to count. */
  | { readonly kind: 'unknown'; readonly reason: string };

export const SAME_TREES: MountTrees = { kind: 'compared', differ: [] };

const OWN = '/proc/self/mountinfo';
const FIRST = '/proc/1/mountinfo';
/** Beyond that nothing is the same. */
const MAX_DIFFERENT = 1_000;

/** Mounts come and go while the two are read, one after the other: how often they are read before one is believed. */
const MAX_READS = 5;

type Tables = readonly [own: Buffer, first: Buffer];

/** Reads both tables; what was made of them is kept until one of them changes. Never throws. */
export function openMountTrees(
  own = OWN,
  first = FIRST,
  read: (file: string) => Buffer = readFileSync,
): () => MountTrees {
  let before: { readonly tables: Tables; readonly trees: MountTrees } | null = null;
  const bothTables = (): Tables => [read(own), read(first)];
  return () => {
    if (process.platform !== 'linux' && own === OWN) return SAME_TREES;
    try {
      let tables = bothTables();
      if (before !== null && areEqual(tables, before.tables)) return before.trees;
      before = null;
      for (let reads = 1; reads < MAX_READS; reads += 1) {
        const again = bothTables();
        if (areEqual(tables, again)) {
          before = { tables, trees: compareTrees(...tables) };
          return before.trees;
        }
        tables = again;
      }
      // no two looks were alike: what may be a difference counts as one, until the next look
      return compareTrees(...tables);
    } catch (error) {
      before = null;
      const code = codeOf(error) ?? 'error';
      return { kind: 'unknown', reason: `the mounts of process 1 cannot be read (${code})` };
    }
  };
}

const areEqual = (some: Tables, others: Tables): boolean => some[0].equals(others[0]) && some[1].equals(others[1]);

/**
 * The same of the bytes of both tables (proc(5), `/proc/pid/mountinfo`). Trees are compared, not namespaces: a service
 * manager gives a service a namespace of its own in which the same directories are mounted again. What lies at a mount
 * point of either is named by device and root; options do not matter.
 */
export function compareTrees(own: Buffer, first: Buffer): MountTrees {
  const [here, there] = [treeOf(own), treeOf(first)];
  if (here.size === 0 || there.size === 0) return { kind: 'unknown', reason: 'a table of mounts is empty' };
  const points = [...new Set([...here.keys(), ...there.keys()])].sort();
  const different: string[] = [];
  for (const point of points) {
    // below one that differs nothing is the same
    if (ancestorsOf(point).some((above) => different.includes(above))) continue;
    if (placeAt(here, point) !== placeAt(there, point)) different.push(point);
    if (different.length > MAX_DIFFERENT) return { kind: 'compared', differ: ['/'] };
  }
  // a point that is not UTF-8 is none that a request could name (Paths 1)
  return { kind: 'compared', differ: different.flatMap((point) => decodeMountPoint(point) ?? []) };
}

interface Mount {
  readonly device: string;
  readonly root: string;
}

/** By mount point, as it is written there; of several at one point the last one is seen. */
function treeOf(mountinfo: Buffer): ReadonlyMap<string, Mount> {
  const tree = new Map<string, Mount>();
  for (const line of mountinfo.toString('latin1').split('\n')) {
    const [, , device, root, point] = line.split(' ');
    if (device === undefined || root === undefined || point?.startsWith('/') !== true) continue;
    tree.set(point, { device, root });
  }
  return tree;
}

/** What lies there, wherever it is mounted: the device, and the path on it. */
function placeAt(tree: ReadonlyMap<string, Mount>, point: string): string | null {
  for (const above of ancestorsOf(point)) {
    const mount = tree.get(above);
    if (mount === undefined) continue;
    const root = mount.root === '/' ? '' : mount.root;
    return `${mount.device} ${root}${above === '/' ? point : point.slice(above.length)}`.replace(/(?<=.)\/$/, '');
  }
  return null;
}

/** The path itself first, `/` last. */
function ancestorsOf(path: string): readonly string[] {
  const found: string[] = [];
  for (let above = path; above !== ''; above = above.slice(0, above.lastIndexOf('/'))) found.push(above);
  if (path !== '/') found.push('/');
  return found;
}
