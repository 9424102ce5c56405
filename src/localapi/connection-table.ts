import type { Connection } from './connection.ts';
import type { LocalApiLimits } from './limits.ts';
import type { Caller } from './turns.ts';

/** All connections of both sockets, oldest first, and who may have one more. */
export class ConnectionTable {
  readonly #limits: LocalApiLimits;
  readonly #connections = new Set<Connection>();
  /** One for each uid that has a connection. */
  readonly #callers = new Map<number, { readonly caller: Caller; connections: number }>();

  #onEmpty: (() => void) | null = null;

  constructor(limits: LocalApiLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#connections.size;
  }

  /**
   * Makes room for one more of `uid` (null = unknown): when full, the oldest connection without a request in progress
   * goes; false when there is none, and the new one is to be closed (api, limits).
   */
  makeRoom(uid: number | null): boolean {
    const ofUid = uid === null ? 0 : (this.#callers.get(uid)?.connections ?? 0);
    if (ofUid >= this.#limits.maxConnectionsPerUid && !this.#evictOldest(({ peer }) => peer.uid === uid)) return false;
    return this.#connections.size < this.#limits.maxConnections || this.#evictOldest(() => true);
  }

  /** The account that turns of a connection of `uid` are charged to; null for an unknown one. */
  callerOf(uid: number | null): Caller | null {
    return uid === null ? null : (this.#callers.get(uid)?.caller ?? { spent: 0 });
  }

  add(connection: Connection): void {
    this.#connections.add(connection);
    const { peer, caller } = connection;
    if (peer.uid === null || caller === null) return;
    const entry = this.#callers.get(peer.uid) ?? { caller, connections: 0 };
    entry.connections += 1;
    this.#callers.set(peer.uid, entry);
  }

  remove(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    if (this.#connections.size === 0) this.#onEmpty?.();
    const { uid } = connection.peer;
    const entry = uid === null ? undefined : this.#callers.get(uid);
    if (uid === null || entry === undefined) return;
    entry.connections -= 1;
    if (entry.connections === 0) this.#callers.delete(uid);
  }

  /** Closes what is overdue. */
  sweep(now: number): void {
    for (const connection of this.#connections) {
      if (connection.isOverdue(now)) connection.destroy();
    }
  }

  drain(): void {
    for (const connection of this.#connections) connection.drain();
  }

  /** Destroys what is left; resolves when all are gone. */
  async destroyAll(): Promise<void> {
    if (this.#connections.size === 0) return;
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of this.#connections) connection.destroy();
    await emptied;
  }

  #evictOldest(candidate: (connection: Connection) => boolean): boolean {
    for (const connection of this.#connections) {
      if (connection.inProgress || !candidate(connection)) continue;
      // at once, not when `close` comes: its place is given away now
      this.remove(connection);
      connection.destroy();
      return true;
    }
    return false;
  }
}
