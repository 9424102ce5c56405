import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

type Node =
  | { readonly kind: 'dir' }
  | { readonly kind: 'file' }
  | { readonly kind: 'link'; readonly target: readonly string[] };

export const nodeName = fc.constantFrom('a', 'b', 'c', 'l', 'm');
/** Of a path or of a link's target. */
export const step = fc.oneof({ weight: 4, arbitrary: nodeName }, fc.constant('..'));
const node: fc.Arbitrary<Node> = fc.oneof(
  fc.record({ kind: fc.constant('dir' as const) }),
  fc.record({ kind: fc.constant('file' as const) }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('link' as const),
      target: fc.array(step, { minLength: 1, maxLength: 3 }),
    }),
  },
);
export const tree = fc.array(fc.tuple(fc.array(nodeName, { minLength: 1, maxLength: 3 }), node, fc.boolean()), {
  maxLength: 12,
});

/** Plants what fits: a parent that is missing, or a name that is taken, leaves an entry out. */
export function grow(root: string, entries: readonly (readonly [readonly string[], Node, boolean])[]): void {
  for (const [names, entry, absolute] of entries) {
    const path = join(root, ...names);
    try {
      if (entry.kind === 'dir') mkdirSync(path, { recursive: true });
      else if (entry.kind === 'file') writeFileSync(path, '', { flag: 'wx' });
      else symlinkSync(`${absolute ? `${root}/` : ''}${entry.target.join('/')}`, path);
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error && typeof error.code === 'string');
    }
  }
}
