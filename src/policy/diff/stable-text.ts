import { isObject } from '../rule-shape.ts';

/** Lists whose order says nothing (semantics, 4.1). */
const SETS = new Set(['actions', 'resources', 'teams']);

/** One text for all JSON values that mean the same: members by name, sets by their items. */
export function stableText(value: unknown, isSet = false): string {
  if (Array.isArray(value)) {
    const texts = value.map((item) => stableText(item));
    return `[${(isSet ? texts.sort() : texts).join(',')}]`;
  }
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${stableText(value[name], SETS.has(name))}`);
  return `{${members.join(',')}}`;
}
