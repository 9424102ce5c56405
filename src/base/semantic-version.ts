const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

/**
 * Which of two versions is the newer one, by the precedence of Semantic Versioning 2.0.0: negative, 0 or positive;
 * null where one of them is no such version.
 */
export function compareVersions(one: string, other: string): number | null {
  const [first, second] = [VERSION.exec(one), VERSION.exec(other)];
  if (first === null || second === null) return null;
  for (const part of [1, 2, 3]) {
    const difference = Number(first[part]) - Number(second[part]);
    if (difference !== 0) return difference;
  }
  return comparePreReleases(first[4], second[4]);
}

/** A version is newer than its own pre-releases. */
function comparePreReleases(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  const [first, second] = [one.split('.'), other.split('.')];
  for (let at = 0; at < Math.max(first.length, second.length); at += 1) {
    const difference = compareIdentifiers(first[at], second[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What is longer is newer; numbers come before words, and words in the order of ASCII. */
function compareIdentifiers(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined) return Number(one !== undefined) - Number(other !== undefined);
  const [first, second] = [/^\d+$/.test(one), /^\d+$/.test(other)];
  if (first && second) return Number(one) - Number(other);
  if (first !== second) return first ? -1 : 1;
  return one < other ? -1 : Number(one > other);
}
