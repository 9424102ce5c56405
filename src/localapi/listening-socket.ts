import { renameSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { codeOf, messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import type { LocalApiLog } from './daemon-port.ts';
import { listenOn, type SocketSource } from './listen.ts';

export interface ListeningParts {
  readonly source: SocketSource;
  readonly log: LocalApiLog;
  readonly onConnection: (socket: Socket) => void;
}

/**
 * A socket that callers find under its path for as long as the daemon runs: one that somebody has removed is made anew.
 * What somebody has put in its place stays, and the trouble is told: who may write there outranks this daemon.
 */
export class ListeningSocket {
  readonly #parts: ListeningParts;
  readonly #closings: Promise<void>[] = [];
  #server: Server;
  /** What the path led to when it was bound. */
  #bound: string | null;
  #taken = false;
  #trouble: string | null = null;
  #looking = false;
  #closed = false;

  private constructor(parts: ListeningParts, server: Server, bound: string | null) {
    this.#parts = parts;
    this.#server = server;
    this.#bound = bound;
  }

  static async open(parts: ListeningParts): Promise<ListeningSocket> {
    const server = await serverOf(parts);
    return new ListeningSocket(parts, server, identityIn(await foundAt(parts.source)));
  }

  /** Why callers cannot reach it; null = they can. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Whether the path still leads here; one look at a time, off the caller's path. */
  look(): void {
    if (this.#looking || this.#closed || this.#parts.source.kind === 'descriptor') return;
    this.#looking = true;
    void this.#look(this.#parts.source.path).finally(() => (this.#looking = false));
  }

  /** Takes nothing more in from here on; resolves once no connection is left. */
  async close(): Promise<void> {
    this.#closed = true;
    // Node.js removes the path as it closes, whoever it belongs to by now
    if (this.#taken) this.#server.unref();
    else this.#closings.push(closed(this.#server));
    await Promise.all(this.#closings);
  }

  async #look(path: string): Promise<void> {
    const found = await foundAt(this.#parts.source);
    if (this.#closed) return;
    this.#taken = found.kind === 'something' && found.identity !== this.#bound;
    if (found.kind === 'nothing') await this.#bindAgain(path);
    // it may still be there: what serves is not given up for a doubt
    else if (found.kind === 'unknown') this.#say(`cannot look at ${shown(path)}: ${found.reason}`);
    else if (!this.#taken) this.#say(null);
    else this.#say(`something else stands at ${shown(path)}: remove it, and the daemon takes its place again`);
  }

  async #bindAgain(path: string): Promise<void> {
    try {
      const before = this.#server;
      this.#server = await serverOf(this.#parts);
      this.#bound = identityIn(await foundAt(this.#parts.source));
      this.#retire(before, path);
      this.#parts.log.warn({ path }, 'the socket had been removed and is there again');
      this.#say(null);
    } catch (error) {
      this.#say(messageOf(error));
    }
    if (this.#closed) this.#closings.push(closed(this.#server));
  }

  /** Only its connections stay. As it closes, Node.js removes the path, so the new socket steps aside for that moment. */
  #retire(server: Server, path: string): void {
    const aside = `${path}.${process.pid}`;
    try {
      renameSync(path, aside);
    } catch {
      // nobody can reach it any more
      return void server.unref();
    }
    try {
      this.#closings.push(closed(server));
    } finally {
      renameSync(aside, path);
    }
  }

  #say(trouble: string | null): void {
    const { log } = this.#parts;
    if (trouble !== null && trouble !== this.#trouble) log.error({ reason: trouble }, 'a socket is out of reach');
    this.#trouble = trouble;
  }
}

async function serverOf({ source, log, onConnection }: ListeningParts): Promise<Server> {
  const server = await listenOn(source, onConnection);
  server.on('error', (error) => log.error({ error: messageOf(error) }, 'a listening socket failed'));
  return server;
}

/** What the path leads to; `unknown`: nobody can tell, or it was handed over and its path is somebody else's business. */
type Found =
  | { readonly kind: 'something'; readonly identity: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown'; readonly reason: string };

async function foundAt(source: SocketSource): Promise<Found> {
  if (source.kind === 'descriptor') return { kind: 'unknown', reason: 'it was handed over' };
  try {
    const { dev, ino, birthtimeNs } = await lstat(source.path, { bigint: true });
    return { kind: 'something', identity: `${dev}:${ino}:${birthtimeNs}` };
  } catch (error) {
    const removed = codeOf(error) === 'ENOENT';
    return removed ? { kind: 'nothing' } : { kind: 'unknown', reason: messageOf(error) };
  }
}

function identityIn(found: Found): string | null {
  return found.kind === 'something' ? found.identity : null;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
