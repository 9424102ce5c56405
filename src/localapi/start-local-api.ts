import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../base/clock.ts';
import type { SocketName } from './channel.ts';
import { Connection } from './connection.ts';
import { ConnectionTable } from './connection-table.ts';
import type { LocalApiContext } from './context.ts';
import type { ApiLoad, DaemonPort, LocalApiLog } from './daemon-port.ts';
import { DEFAULT_LOCAL_API_LIMITS, type LocalApiLimits } from './limits.ts';
import type { SocketSource } from './listen.ts';
import { ListeningSocket } from './listening-socket.ts';
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
  /** Why callers cannot reach a socket under its path; none = they can. */
  readonly troubles: readonly string[];
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
  const listening: ListeningSocket[] = [];
  try {
    for (const name of ['decide', 'admin'] as const) {
      const onConnection = (socket: Socket): void => acceptor.accept(socket, name);
      listening.push(await ListeningSocket.open({ source: sockets[name], log, onConnection }));
    }
  } catch (error) {
    await Promise.all(listening.map((socket) => socket.close()));
    throw error;
  }
  acceptor.startSweeping();
  const looker = setInterval(() => {
    for (const socket of listening) socket.look();
  }, limits.socketLookMs).unref();
  let closing: Promise<void> | null = null;
  return {
    credentials,
    get connections() {
      return acceptor.load.connections;
    },
    get progress() {
      return acceptor.progress;
    },
    get troubles() {
      return listening.flatMap(({ trouble }) => trouble ?? []);
    },
    close() {
      clearInterval(looker);
      return (closing ??= closeAll(listening, acceptor, limits.drainMs));
    },
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

async function closeAll(listening: readonly ListeningSocket[], acceptor: Acceptor, drainMs: number): Promise<void> {
  // resolves when the last connection is gone
  const closed = Promise.all(listening.map((socket) => socket.close()));
  acceptor.drain();
  const deadline = setTimeout(() => void acceptor.stop(), drainMs);
  await closed;
  clearTimeout(deadline);
  await acceptor.stop();
}
