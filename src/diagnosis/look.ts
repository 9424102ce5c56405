import { lstatSync, type Stats } from 'node:fs';

/** What lies there, a link as the link that it is; null = nothing, or it may not be looked at. */
export function look(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}
