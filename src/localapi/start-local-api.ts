import type { Server, Socket } from 'node:net';
import { type Clock, systemClock } from '../base/clock.ts';
import { messageOf } from '../base/coded-error.ts';
import type { SocketName } from './channel.ts';
import { Connection } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import type { LocalApiContext } from './context.ts';
import type { ApiLoad, DaemonPort, LocalApiLog } from './daemon-port.ts';
import { DEFAULT_LOCAL_API_LIMITS, type LocalApiLimits } from './limits.ts';
import { listenOn, type SocketSource } from './listen.ts';
import { openPeerCredentials, type PeerCredentials, UNKNOWN_PEER } from './peer-credentials.ts';
import { createRouter } from './router.ts';
import { ROUTES } from './routes.ts';
import { type TurnProgress, Turns } from './turns.ts';

export interface LocalApiOptions {
  readonly sockets: Readonly<Record<SocketName, SocketSource>>;
  readonly port: DaemonPort;
  readonly log: LocalApiLog;
  readonly limits?: Partial<LocalApiLimits>;
  readonly clock?: Clock;
  /** Read once at start where absent. */
  readonly credentials?: PeerCredentials;
}

export interface LocalApi {
  /** Whether the kernel tells who asks; for `status`. */
  readonly credentials: PeerCredentials;
  readonly connections: number;
  /** Whether callers that wait get their turns. */
  readonly progress: TurnProgress;
  /** Stops accepting, lets what is in progress be answered within the drain time, closes. Idempotent. */
  close(): Promise<void>;
}

/** Opens the decision and the admin socket. When one cannot be opened, neither is. */
export async function startLocalApi(options: LocalApiOptions): Promise<LocalApi> {
  const { sockets, port, log, clock = systemClock } = options;
  const limits = { ...DEFAULT_LOCAL_API_LIMITS, ...options.limits };
  const credentials = options.credentials ?? (await openPeerCredentials());
  if (credentials.kind === 'unavailable')
    log.warn({ reason: credentials.reason }, 'socket modes alone decide who may ask');
  const router = createRouter(ROUTES);
  const unanswered = { count: 0 };
  const load = (): ApiLoad => ({ ...acceptor.load, waitingForAnswer: unanswered.count });
  const context: LocalApiContext = { port, limits, log, clock, credentials, router, unanswered, load };
  const acceptor = new Acceptor(context);
  const servers: Server[] = [];
  try {
    for (const name of ['decide', 'admin'] as const) {
      servers.push(await listenOn(sockets[name], (socket) => acceptor.accept(socket, name)));
    }
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    throw error;
  }
  for (const server of servers) {
    server.on('error', (error) => log.error({ error: messageOf(error) }, 'a listening socket failed'));
  }
  acceptor.startSweeping();
  let closing: Promise<void> | null = null;
  return {
    credentials,
    get connections() {
      return acceptor.load.connections;
    },
    get progress() {
      return acceptor.progress;
    },
    close: () => (closing ??= closeAll(servers, acceptor, limits.drainMs)),
  };
}

/** Takes connections in and watches over their times. */
class Acceptor {
  readonly #context: LocalApiContext;
  readonly #table: ConnectionTable;
  readonly #turns = new Turns();
  #sweeper: NodeJS.Timeout | null = null;

  constructor(context: LocalApiContext) {
    this.#context = context;
    this.#table = new ConnectionTable(context.limits);
  }

  get load(): Omit<ApiLoad, 'waitingForAnswer'> {
    return { connections: this.#table.size, waitingForTurn: this.#turns.progress.waiting };
  }

  get progress(): TurnProgress {
    return this.#turns.progress;
  }

  accept(socket: Socket, socketName: SocketName): void {
    this.#turns.arrived();
    const { credentials, port } = this.#context;
    const peer = credentials.kind === 'available' ? credentials.of(socket) : UNKNOWN_PEER;
    if (!this.#table.makeRoom(peer.uid)) {
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const caller = this.#table.callerOf(peer.uid);
    const onClose = (): void => this.#table.remove(connection);
    const connection = new Connection({
      socket,
      peer,
      socketName,
      caller,
      turns: this.#turns,
      context: this.#context,
      onClose,
    });
    this.#table.add(connection);
    port.welcome?.(peer);
  }

  startSweeping(): void {
    const { firstRequestMs, idleMs } = this.#context.limits;
    const period = Math.max(10, Math.min(500, firstRequestMs / 4, idleMs / 4));
    this.#sweeper = setInterval(() => this.#table.sweep(performance.now()), period);
    this.#sweeper.unref();
  }

  drain(): void {
    this.#table.drain();
  }

  async stop(): Promise<void> {
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    await this.#table.destroyAll();
  }
}

async function closeAll(servers: readonly Server[], acceptor: Acceptor, drainMs: number): Promise<void> {
  // resolves when the last connection is gone
  const closed = Promise.all(servers.map(closeServer));
  acceptor.drain();
  const deadline = setTimeout(() => void acceptor.stop(), drainMs);
  await closed;
  clearTimeout(deadline);
  await acceptor.stop();
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
