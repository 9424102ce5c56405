import { lstat } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { messageOf } from '../base/coded-error.ts';
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
    return new ListeningSocket(parts, server, await identityOf(parts.source));
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
    const found = await identityOf(this.#parts.source);
    if (this.#closed) return;
    this.#taken = found !== null && found !== this.#bound;
    if (found === this.#bound) this.#say(null);
    else if (found === null) await this.#bindAgain(path);
    else this.#say(`something else stands at ${shown(path)}: remove it, and the daemon takes its place again`);
  }

  async #bindAgain(path: string): Promise<void> {
    try {
      // its connections stay
      this.#closings.push(closed(this.#server));
      this.#server = await serverOf(this.#parts);
      this.#bound = await identityOf(this.#parts.source);
      this.#parts.log.warn({ path }, 'the socket had been removed and is there again');
      this.#say(null);
    } catch (error) {
      this.#say(messageOf(error));
    }
    if (this.#closed) this.#closings.push(closed(this.#server));
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

/** Null = there is nothing, nobody can tell, or it was handed over and its path is somebody else's business. */
async function identityOf(source: SocketSource): Promise<string | null> {
  if (source.kind === 'descriptor') return null;
  try {
    const { dev, ino, birthtimeNs } = await lstat(source.path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch {
    return null;
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
