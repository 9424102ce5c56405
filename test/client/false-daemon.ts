import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface FalseDaemon {
  readonly socket: string;
  /** Connections accepted so far. */
  readonly accepted: () => number;
  readonly close: () => Promise<void>;
}

export function socketPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-client-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'decide.sock');
}

export type Line = Readonly<Record<string, unknown>>;

/** A daemon in name only: `reply` gets each line and the socket, and does with them what it likes. */
export async function falseDaemon(
  t: TestContext,
  reply: (line: Line, socket: Socket, count: number) => void,
  socket = socketPath(t),
): Promise<FalseDaemon> {
  let accepted = 0;
  let lines = 0;
  const open = new Set<Socket>();
  const server = createServer((peer) => {
    accepted += 1;
    open.add(peer);
    peer.on('error', () => undefined);
    peer.on('close', () => open.delete(peer));
    let text = '';
    peer.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n')) {
        // who asks over HTTP as well is hung up on
        if (text.startsWith('POST /')) {
          peer.destroy();
          return;
        }
        const line = JSON.parse(text.slice(0, at)) as Line;
        text = text.slice(at + 1);
        lines += 1;
        reply(line, peer, lines);
      }
    });
  });
  const close = async (): Promise<void> => {
    for (const peer of open) peer.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  t.after(close);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return { socket, accepted: () => accepted, close };
}

/** The same over HTTP. */
export async function falseHttpDaemon(t: TestContext, listener: RequestListener): Promise<string> {
  const socket = socketPath(t);
  const server = createHttpServer(listener);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return socket;
}

/** Both on one socket: a line a connection, and answers to what is posted. */
export async function falseBoth(
  t: TestContext,
  { line, explain }: { readonly line: (line: Line) => unknown; readonly explain: (url: string) => unknown },
): Promise<string> {
  const socket = socketPath(t);
  const http = createHttpServer((request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify(explain(request.url ?? ''))));
  });
  const server = createServer((peer) => {
    t.after(() => peer.destroy());
    peer.on('error', () => undefined);
    peer.once('data', (chunk) => {
      const text = chunk.toString();
      if (!text.startsWith('POST /')) {
        send(peer, line(JSON.parse(text) as Line));
        return;
      }
      peer.pause();
      peer.unshift(chunk);
      http.emit('connection', peer);
      peer.resume();
    });
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return socket;
}

/** A whole allow for a line, as a daemon writes it. */
export function allowFor(line: Line): Record<string, unknown> {
  return {
    decision: 'allow',
    kind: 'explicit',
    code: 'org_allow',
    reason: 'allowed',
    rule: { id: 'r', name: 'r', policy: 'p', origin: 'org', resource: '**' },
    revision: 'sha256:0',
    generation: 3,
    request: { action: line['action'], ...('port' in line ? { port: line['port'] } : {}) },
    ...('path' in line ? { resolved_path: line['real'] ?? line['path'] } : { ip_checked: false }),
    ttl_ms: 0,
    ...('id' in line ? { id: line['id'] } : {}),
  };
}

export function send(socket: Socket, value: unknown): void {
  socket.write(`${JSON.stringify(value)}\n`);
}
