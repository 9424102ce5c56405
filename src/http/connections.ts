import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** The connections of a server, for its end. */
export interface Connections {
  /** Ends those that wait for no answer, also the ones that never sent a request, and any that come later. */
  readonly closeIdle: () => void;
  readonly destroyAll: () => void;
}

/**
 * Node's own `closeIdleConnections` takes a connection that has not sent anything for a busy one, and
 * `closeAllConnections` does not know one in the middle of its TLS handshake; either would hold up `close`.
 */
export function trackConnections(server: Server): Connections {
  const open = new Set<Socket>();
  const ready = new Set<Socket>();
  const waiting = new Map<Socket, number>();
  // of a TLS server `connection` is the bare one below; requests arrive on the one that `secureConnection` brings
  const readyEvent = server instanceof TlsServer ? 'secureConnection' : 'connection';
  server.on('connection', (socket) => remember(open, socket));
  let ending = false;
  server.on(readyEvent, (socket: Socket) => {
    if (ending) socket.destroy();
    else remember(ready, socket);
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    waiting.set(socket, (waiting.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (waiting.get(socket) ?? 1) - 1;
      if (left === 0) waiting.delete(socket);
      else waiting.set(socket, left);
    });
  });
  return {
    closeIdle: () => {
      // a TLS handshake may be over for the client and not yet for us
      ending = true;
      destroy([...ready].filter((socket) => !waiting.has(socket)));
    },
    destroyAll: () => destroy(open),
  };
}

function remember(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

function destroy(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
}
