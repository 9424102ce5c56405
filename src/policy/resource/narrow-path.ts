import { literalNames, type PathPattern } from './path-pattern.ts';

/** First segments below which half the machine lies; `lib` stands for everything that starts with it (semantics, 5). */
const SYSTEM_ROOTS = new Set(
  (
    'bin boot dev etc home media mnt opt private proc root run sbin srv sys usr var ' +
    'applications library system users volumes'
  ).split(' '),
);

/** Whether a local allow of it may grant in a delegated domain (semantics, 5 "narrow"). Judged before `withHome`. */
export function isNarrowPath(pattern: PathPattern): boolean {
  const names = literalNames(pattern);
  if (names.length === pattern.segments.length) return true;
  if (names.length + (pattern.home ? 1 : 0) >= 2) return true;
  const [first] = names;
  if (first === undefined || pattern.home) return false;
  const root = first.toLowerCase();
  return !SYSTEM_ROOTS.has(root) && !root.startsWith('lib');
}
