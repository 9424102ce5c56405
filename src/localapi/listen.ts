import { chmodSync, chownSync, lstatSync, type Stats, unlinkSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { MAX_SOCKET_PATH_BYTES } from '../socket/layout.ts';
import { LocalApiError } from './local-api-error.ts';

export type SocketSource =
  | {
      readonly kind: 'path';
      readonly path: string;
      readonly mode: number;
      /** Group of the socket file; the daemon's own where absent. */
      readonly gid?: number;
    }
  /** Handed over by the service manager. */
  | { readonly kind: 'descriptor'; readonly fd: number };

const DIAL_MS = 1_000;
/** A full queue turns connections away with EAGAIN; the kernel caps this at its own maximum. */
const BACKLOG = 4_096;

/** Opens one listening socket. Half-open: a client may end its input and still wait for its answers. */
export async function listenOn(source: SocketSource, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  if (source.kind === 'descriptor') {
    await listening(server, () => server.listen({ fd: source.fd, backlog: BACKLOG }), `descriptor ${source.fd}`);
    return server;
  }
  await clearPath(source.path);
  await listening(server, () => bindPrivately(server, source.path), shown(source.path));
  try {
    // only now may others in: between bind and here the socket was 0600
    if (source.gid !== undefined) chownSync(source.path, -1, source.gid);
    chmodSync(source.path, source.mode);
  } catch (error) {
    server.close();
    throw new LocalApiError('listen_failed', `cannot set the mode of ${shown(source.path)}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return server;
}

/** `listen` binds before it returns, so the umask is ours for that moment only. */
function bindPrivately(server: Server, path: string): void {
  const before = process.umask(0o177);
  try {
    server.listen({ path, backlog: BACKLOG });
  } finally {
    process.umask(before);
  }
}

function listening(server: Server, begin: () => void, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      const message = `cannot listen on ${what}: ${messageOf(error)}`;
      reject(new LocalApiError('listen_failed', message, { cause: error }));
    };
    server.once('error', fail);
    server.once('listening', () => {
      server.off('error', fail);
      resolve();
    });
    try {
      begin();
    } catch (error) {
      fail(error);
    }
  });
}

/**
 * Makes the path free: dial first, and unlink only a dead socket that is ours and no link. Two daemons that start in
 * the same instant can both find it dead; the later bind then fails with EADDRINUSE, or takes the path over from a
 * daemon that nobody has reached yet. The directory being ours alone is what keeps strangers out of that race.
 */
async function clearPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    const message = `the socket path ${shown(path)} is over ${MAX_SOCKET_PATH_BYTES} bytes: choose a shorter one with \`sockets\` in the configuration`;
    throw new LocalApiError('path_too_long', message);
  }
  const found = lstatOf(path);
  if (found === null) return;
  if (!found.isSocket()) throw unsafe(path, 'is there and is no socket');
  const state = await dial(path);
  if (state === 'alive') {
    throw new LocalApiError('already_running', `another daemon answers on ${shown(path)}: stop it first`);
  }
  if (state !== 'dead') throw unsafe(path, `can be neither reached nor told dead (${state})`);
  if (found.uid !== process.geteuid?.()) throw unsafe(path, 'is a dead socket of another user');
  const now = lstatOf(path);
  if (now?.ino !== found.ino || now.dev !== found.dev) throw unsafe(path, 'changed while it was looked at');
  unlinkSync(path);
}

function unsafe(path: string, what: string): LocalApiError {
  return new LocalApiError(
    'unsafe_socket_path',
    `${shown(path)} ${what}: remove it or choose another path with \`sockets\` in the configuration`,
  );
}

function lstatOf(path: string): Stats | null {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw new LocalApiError('listen_failed', `cannot look at ${shown(path)}: ${messageOf(error)}`, { cause: error });
  }
}

/** `dead` only where nobody listens for certain. */
function dial(path: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (state: string): void => {
      resolve(state);
      socket.destroy();
    };
    // a daemon whose queue is full answers neither way
    socket.setTimeout(DIAL_MS, () => settle('no answer in time'));
    socket.once('connect', () => settle('alive'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // EAGAIN: somebody listens, and is flooded
      if (error.code === 'EAGAIN') settle('alive');
      else settle(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? 'dead' : (error.code ?? 'unknown error'));
    });
  });
}
