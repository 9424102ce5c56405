import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Scope } from './scope.ts';

/** A request, as far as anybody here looks at it. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a server that means well says. */
export interface GoodAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type Responder = (asked: Asked) => GoodAnswer | Promise<GoodAnswer>;

/** One request, what would have been said, and the wire. */
export interface Exchange {
  readonly asked: Asked;
  readonly good: GoodAnswer;
  readonly response: ServerResponse;
  /** Below `response`; whoever writes here writes the whole answer himself. */
  readonly socket: Socket;
}

export type Evil = (exchange: Exchange) => void | Promise<void>;

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface MisbehavingServer {
  readonly origin: string;
  /** From here on, where `where` holds. */
  misbehave(evil: Evil, where?: (asked: Asked) => boolean): void;
  behave(): void;
  /** Of a TLS server; connections from before are cut. */
  present(certificate: Certificate): void;
}

interface Conduct {
  readonly evil: Evil;
  readonly where: (asked: Asked) => boolean;
}

/** A real server on loopback over a good responder, which does whatever evil it is told to. */
export async function misbehavingServer(
  t: Scope,
  responder: Responder,
  certificate?: Certificate,
): Promise<MisbehavingServer> {
  let conduct: Conduct | null = null;
  const sockets = new Set<Socket>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers, socket } = request;
    const asked = { method, url, headers };
    const good = await responder(asked);
    if (conduct === null || !conduct.where(asked)) {
      send(response, good);
      return;
    }
    await conduct.evil({ asked, good, response, socket });
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    request.resume();
    request.on('end', () => void answer(request, response));
  };
  const secure = certificate === undefined ? null : createTlsServer(certificate, listener);
  const server = secure ?? createServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket: Socket) => void socket.on('error', () => undefined));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    cut();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${secure === null ? 'http' : 'https'}://127.0.0.1:${port}`,
    misbehave(evil, where = () => true) {
      conduct = { evil, where };
    },
    behave() {
      conduct = null;
    },
    present(next) {
      secure?.setSecureContext(next);
      cut();
    },
  };
}

export function send(response: ServerResponse, { status, headers, body }: GoodAnswer): void {
  response.writeHead(status, { ...headers, 'content-length': body.length }).end(body);
}

/** Another whole answer in the place of the good one. */
export function instead(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): Evil {
  return ({ response }) => send(response, { status, headers, body: Buffer.from(body) });
}

/** The good answer with another body; `null` members of `headers` are left out. */
export function rewritten(
  change: (body: Buffer) => string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Evil {
  return ({ good, response }) =>
    send(response, { ...good, headers: { ...good.headers, ...headers }, body: Buffer.from(change(good.body)) });
}

/** The bytes of a whole answer, as short as a head can be. */
export function rawAnswer({ status, headers, body }: GoodAnswer): Buffer {
  const fields = Object.entries({ ...headers, 'content-length': `${body.length}` });
  const head = [`HTTP/1.1 ${status} OK`, ...fields.map(([name, value]) => `${name}: ${value}`), '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), body]);
}

/** These bytes and the end, HTTP or not. */
export function bytes(text: string | Buffer): Evil {
  return ({ socket }) => void socket.end(text);
}

/** The first bytes of the good answer, then a reset (or, politely, an end). */
export function brokenOff(after: number, how: 'reset' | 'end'): Evil {
  return ({ good, socket }) => {
    const part = rawAnswer(good).subarray(0, after);
    if (how === 'end') {
      socket.end(part);
      return;
    }
    if (part.length === 0) socket.resetAndDestroy();
    else socket.write(part, () => socket.resetAndDestroy());
  };
}

/** A `Content-Length` that is wrong by so much; with too little behind it the connection stays open. */
export function lyingLength(by: number): Evil {
  return ({ good, socket }) => {
    const body = good.body;
    const lie = rawAnswer(good)
      .toString('latin1')
      .replace(`content-length: ${body.length}`, `content-length: ${Math.max(0, body.length + by)}`);
    socket.write(Buffer.from(lie, 'latin1'));
  };
}

/** Never an answer. */
export const silence: Evil = () => undefined;

/** The good answer, a byte a second, from so many bytes on. */
export function drip(from: (answer: Buffer) => number): Evil {
  return ({ good, socket }) => {
    const answer = rawAnswer(good);
    let sent = from(answer);
    if (sent > 0) socket.write(answer.subarray(0, sent));
    const timer = setInterval(() => {
      socket.write(answer.subarray(sent, sent + 1));
      sent += 1;
    }, 1_000).unref();
    socket.once('close', () => clearInterval(timer));
  };
}

/** A head, then the same bytes for as long as anybody takes them. */
export function endless(head: string, chunk: Buffer): Evil {
  return ({ socket }) => {
    const pump = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', pump);
    socket.write(head);
    pump();
  };
}

/** A thousand times as many bytes as are sent; each member is one of a mebibyte. */
export function gzipBomb(mebibytes: number): Evil {
  const member = gzipSync(Buffer.alloc(1_048_576, ' '));
  const bomb = Buffer.concat(Array.from({ length: mebibytes }, () => member));
  return instead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, bomb);
}
