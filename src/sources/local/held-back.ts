import type { LastGood, LastGoodStore } from './last-good.ts';

/** A store to which nothing is written before `release`; until then it remembers what would have been. */
export interface HeldBackStore extends LastGoodStore {
  /** Writes what was held back, and everything else at once from then on. Throws where it cannot be written. */
  release(): void;
}

/** For whoever may yet be refused: a reload that is not taken up leaves everything as it was, also what was last good. */
export function heldBack(store: LastGoodStore): HeldBackStore {
  /** By directory and name; null = forgotten. */
  const pending = new Map<string, Map<string, LastGood | null>>();
  let released = false;
  const hold = (directory: string, name: string, file: LastGood | null): void => {
    const files = pending.get(directory) ?? new Map<string, LastGood | null>();
    pending.set(directory, files.set(name, file));
  };
  const write = (directory: string, name: string, file: LastGood | null): void => {
    if (file === null) store.forgetLastGood(directory, name);
    else store.saveLastGood(directory, name, file);
  };
  const put = (directory: string, name: string, file: LastGood | null): void =>
    (released ? write : hold)(directory, name, file);
  return {
    loadLastGood(directory) {
      const files = new Map(store.loadLastGood(directory));
      for (const [name, file] of pending.get(directory) ?? []) {
        if (file === null) files.delete(name);
        else files.set(name, file);
      }
      return files;
    },
    saveLastGood: (directory, name, file) => put(directory, name, file),
    forgetLastGood: (directory, name) => put(directory, name, null),
    release() {
      released = true;
      const held = [...pending].flatMap(([directory, files]) =>
        [...files].map(([name, file]) => [directory, name, file] as const),
      );
      pending.clear();
      for (const [directory, name, file] of held) write(directory, name, file);
    },
  };
}
