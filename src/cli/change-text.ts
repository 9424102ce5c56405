import type { BundleChange } from '../policy/bundle-terms.ts';
import { isObject } from '../policy/rule-shape.ts';

/** Who changed something, when, why and under which ticket, as far as it says; '' = it says nothing. */
export function changeText({ at, by, reason, ticket }: BundleChange): string {
  const head = [at ?? '', by === undefined ? '' : `by ${by}`, ticket === undefined ? '' : `(${ticket})`];
  const words = head.filter((word) => word !== '').join(' ');
  if (reason === undefined) return words;
  return words === '' ? reason : `${words}: ${reason}`;
}

/** As others wrote it: what is no text is left out. */
export function readChange(value: unknown): BundleChange {
  if (!isObject(value)) return {};
  const { at, by, reason, ticket } = value;
  return {
    ...(typeof at === 'string' ? { at } : {}),
    ...(typeof by === 'string' ? { by } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof ticket === 'string' ? { ticket } : {}),
  };
}

/** What two revisions say of themselves, for one line of a comparison; none where both say the same. */
export function changeLines(before: BundleChange | null, after: BundleChange | null): readonly string[] {
  const [old, now] = [before, after].map((change) => (change === null ? '' : changeText(change)));
  return old === now ? [] : [`change: ${old || 'none'} → ${now || 'none'}`];
}
