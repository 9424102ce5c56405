import { isObject } from '../../policy/rule-shape.ts';
import type { HeldFile } from './local-layer.ts';

/**
 * What one user's own directory may hold, all files together. Whoever may write there is a stranger to everybody else:
 * their rules are read, kept and compiled with everybody's, and must not make anybody wait for an answer.
 */
export const OWN_FILES_BYTES = 1_048_576;
/** Rules and their resources. */
export const OWN_FILES_ENTRIES = 10_000;

/** Whether these files are more than one user's own directory may hold. */
export function isTooMuch(files: readonly Pick<HeldFile, 'rules' | 'bytes'>[]): boolean {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const entries = files.reduce((sum, file) => sum + entriesOf(file.rules), 0);
  return bytes > OWN_FILES_BYTES || entries > OWN_FILES_ENTRIES;
}

function entriesOf(rules: readonly unknown[]): number {
  return rules.reduce<number>((sum, rule) => sum + 1 + membersOf(rule), 0);
}

function membersOf(rule: unknown): number {
  if (!isObject(rule)) return 0;
  const lists = [rule['resources'], rule['actions']].filter((list) => Array.isArray(list));
  return lists.reduce<number>((sum, list) => sum + list.length, 0);
}
