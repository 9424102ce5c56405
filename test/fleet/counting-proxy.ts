import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** TCP payload since the last reading, as the machine sees it. */
export interface Traffic {
  readonly up: number;
  readonly down: number;
  readonly connections: number;
}

export interface CountingProxy {
  readonly origin: string;
  take(): Traffic;
  close(): Promise<void>;
}

/** Between a machine and its server: passes every byte on, and counts. */
export async function countingProxy(port: number): Promise<CountingProxy> {
  let counted = { up: 0, down: 0, connections: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    counted.connections += 1;
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    client.on('data', (chunk) => (counted.up += chunk.length));
    upstream.on('data', (chunk) => (counted.down += chunk.length));
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = counted;
      counted = { up: 0, down: 0, connections: 0 };
      return taken;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
