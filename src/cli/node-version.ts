/** The oldest Node.js that the database and the threads run on; `engines` of package.json says the same. */
export const OLDEST_NODE = '24.15.0';

/** What to tell somebody whose Node.js is too old, or null. Older ones fail late, and one way is a crash. */
export function nodeTrouble(version: string): string | null {
  if (!isOlder(version, OLDEST_NODE)) return null;
  return `reeve needs Node.js ${OLDEST_NODE} or newer, and this is ${version}: install a newer one`;
}

function isOlder(version: string, than: string): boolean {
  const [ours, theirs] = [version, than].map((text) => text.split('.').map(Number));
  for (const [place, number] of (theirs ?? []).entries()) {
    const own = ours?.[place] ?? 0;
    if (own !== number) return own < number;
  }
  return false;
}
