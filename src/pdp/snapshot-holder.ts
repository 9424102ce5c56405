import type { CompiledPolicy, Snapshot } from '../policy/snapshot.ts';
import { ttlAt } from '../policy/snapshot.ts';

/** Told after each swap, in order. What it throws is lost: the swap has happened, and nobody who listens may end the daemon. */
export type SwapListener = (snapshot: Snapshot, cause: string) => void;

/**
 * The one mutable reference of the decision point. A request or a batch takes `current()` once; a swap in the middle
 * cannot mix generations.
 */
export interface SnapshotHolder {
  /** Null until the first swap: nothing can be decided. */
  current(): Snapshot | null;
  /** An assignment: all that can fail happened before. `cause` says in a word what changed. */
  swap(policy: CompiledPolicy, cause: string): Snapshot;
  /** Brings `ttlMs` up to date; the same policy and generation (semantics, 6). */
  tick(): void;
  onSwap(listener: SwapListener): () => void;
}

export function createSnapshotHolder(now: () => number): SnapshotHolder {
  let held: Snapshot | null = null;
  const listeners = new Set<SwapListener>();
  return {
    current: () => held,
    swap(policy, cause) {
      const snapshot = Object.freeze({ policy, generation: (held?.generation ?? 0) + 1, ttlMs: ttlAt(policy, now()) });
      held = snapshot;
      for (const listener of [...listeners]) tell(listener, snapshot, cause);
      return snapshot;
    },
    tick() {
      if (held === null) return;
      const ttlMs = ttlAt(held.policy, now());
      if (ttlMs !== held.ttlMs) held = Object.freeze({ ...held, ttlMs });
    },
    onSwap(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A listener that fails must not make the swap look undone, nor keep it from the next listener. */
function tell(listener: SwapListener, snapshot: Snapshot, cause: string): void {
  try {
    listener(snapshot, cause);
  } catch {
    // there is nobody to tell who could do anything about it
  }
}
