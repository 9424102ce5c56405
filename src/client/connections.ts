import { type Connection, type Opening, openConnection } from './connection.ts';

export interface ConnectionsOptions {
  /** Decided anew for every connection: a system install can appear. */
  readonly choose: () =>
    | { readonly kind: 'socket'; readonly path: string }
    | { readonly kind: 'refused'; readonly message: string };
  readonly most: number;
}

/** A few connections to one socket: the least busy one is given out, and another is opened while all are busy. */
export class Connections {
  readonly #options: ConnectionsOptions;
  #open: Connection[] = [];
  #opening: Promise<Opening> | null = null;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** A connection to ask on, within `ms`. Never rejects. */
  async take(ms: number): Promise<Opening> {
    this.#open = this.#open.filter((connection) => connection.usable);
    const [idlest] = this.#open.toSorted((a, b) => a.load - b.load);
    if (idlest === undefined) return this.#another(ms);
    if (idlest.load > 0 && this.#open.length < this.#options.most) {
      // for the questions to come; this one does not wait for it
      void this.#another(ms);
    }
    return { kind: 'open', connection: idlest };
  }

  close(): void {
    for (const connection of this.#open.splice(0)) connection.close();
  }

  /** One at a time: a burst of questions after a restart opens one connection, not hundreds. */
  #another(ms: number): Promise<Opening> {
    this.#opening ??= this.#connect(ms).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #connect(ms: number): Promise<Opening> {
    const choice = this.#options.choose();
    if (choice.kind === 'refused') return { kind: 'failed', message: choice.message };
    const opening = await openConnection(choice.path, ms);
    if (opening.kind === 'open') this.#open.push(opening.connection);
    return opening;
  }
}
