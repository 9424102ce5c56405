import { stableText } from './stable-text.ts';

/** One named value that is not what it was; null = it was not there, or is not any more. */
export interface ValueChange {
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** In the order of the names. A member that is `undefined` is not there, and `null` says as much. */
export function changedValues(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly ValueChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((name) => ({ name, before: before[name] ?? null, after: after[name] ?? null }))
    .filter((change) => !sameValue(change.name, change.before, change.after));
}

/** By what they mean: a list of teams or resources in another order is the same. */
function sameValue(name: string, one: unknown, other: unknown): boolean {
  return stableText({ [name]: one }) === stableText({ [name]: other });
}
