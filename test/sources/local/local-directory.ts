import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import type { LastGood, LastGoodStore } from '../../../src/sources/local/last-good.ts';
import type { LocalLayer } from '../../../src/sources/local/local-layer.ts';
import { type LocalWatch, type LocalWatchOptions, watchLocalFiles } from '../../../src/sources/local/watch.ts';

export const ALLOW_A = 'version: 1\nrules:\n  - decision: allow\n    resources: [a.example.com]\n';
export const DENY_B = 'version: 1\nrules:\n  - decision: deny\n    resources: [b.example.com]\n';

/** An empty `local.d` of mode 0700 in a temporary directory. */
export function localDirectory(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'reeve-local-'));
  t.after(() => {
    process.seteuid?.(ME);
    chmodSync(root, 0o700);
    rmSync(root, { recursive: true, force: true });
  });
  const directory = join(root, 'local.d');
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

/** A store that lives as long as the test: what a restart would find. */
export function memoryStore(): LastGoodStore & { readonly rows: Map<string, LastGood> } {
  const rows = new Map<string, LastGood>();
  const key = (directory: string, name: string): string => `${directory}\0${name}`;
  return {
    rows,
    loadLastGood: (directory) =>
      new Map(
        [...rows].flatMap(([id, row]) => {
          const [in_, name] = id.split('\0');
          return in_ === directory && name !== undefined ? [[name, row] as const] : [];
        }),
      ),
    saveLastGood: (directory, name, file) => void rows.set(key(directory, name), file),
    forgetLastGood: (directory, name) => void rows.delete(key(directory, name)),
  };
}

/** The owners that tests trust: whoever runs them. */
export const ME = process.getuid?.() ?? 0;

export interface Watched extends LocalWatch {
  /** Resolves once a layer fits; rejects after five seconds with the last one. */
  until(fits: (layer: LocalLayer) => boolean): Promise<LocalLayer>;
  readonly changes: LocalLayer[];
}

export async function watching(
  t: TestContext,
  directory: string,
  options: Partial<LocalWatchOptions> = {},
): Promise<Watched> {
  const changes: LocalLayer[] = [];
  const waiting = new Set<() => void>();
  const watch = await watchLocalFiles({
    directory,
    uid: null,
    home: null,
    trustedOwners: [ME],
    store: memoryStore(),
    clock: systemClock,
    settleMs: 20,
    settleMaxMs: 200,
    onChange: (layer) => {
      changes.push(layer);
      for (const wake of waiting) wake();
    },
    ...options,
  });
  t.after(() => watch.close());
  const until = (fits: (layer: LocalLayer) => boolean): Promise<LocalLayer> =>
    new Promise((resolve, reject) => {
      const deadline = setTimeout(() => finish(() => reject(new Error(JSON.stringify(watch.current())))), 5_000);
      const check = (): void => {
        if (fits(watch.current())) finish(() => resolve(watch.current()));
      };
      const finish = (settle: () => void): void => {
        clearTimeout(deadline);
        waiting.delete(check);
        settle();
      };
      waiting.add(check);
      check();
    });
  return {
    current: () => watch.current(),
    rescan: () => watch.rescan(),
    close: () => watch.close(),
    until,
    changes,
  };
}
