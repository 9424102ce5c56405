import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { BlockList, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../base/coded-error.ts';
import { problem } from '../http/problem.ts';
import { ControlPlaneError } from './control-plane-error.ts';
import {
  HEADERS_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  MAX_CONNECTIONS,
  MAX_HEADER_BYTES,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Secrets and tokens travel here, so plain HTTP stays on the machine unless something in front adds TLS. */
export function assertPrivate(host: string, tls: boolean, behindTlsTerminator: boolean): void {
  if (tls || behindTlsTerminator || isLoopback(host)) return;
  throw new ControlPlaneError(
    'plain_http_refused',
    `plain HTTP on \`${host}\` would show secrets to the network: give a certificate and key, listen on 127.0.0.1, or say that a TLS terminator is in front`,
  );
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

export function createListener(tls: TlsFiles | undefined, listener: RequestListener): Server {
  const options: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
  };
  const server = tls === undefined ? createServer(options, listener) : secureServer(options, tls, listener);
  server.maxConnections = MAX_CONNECTIONS;
  // ends those that neither send nor take an answer
  server.setTimeout(IDLE_TIMEOUT_MS);
  server.on('clientError', refuseMalformed);
  return server;
}

function secureServer(options: ServerOptions, tls: TlsFiles, listener: RequestListener): Server {
  try {
    const cert = readFileSync(tls.certFile);
    const key = readFileSync(tls.keyFile);
    return createTlsServer({ ...options, cert, key, minVersion: 'TLSv1.2' }, listener);
  } catch (error) {
    const message = `cannot serve TLS with \`${tls.certFile}\` and \`${tls.keyFile}\`: ${messageOf(error)}`;
    throw new ControlPlaneError('tls_unusable', message, { cause: error });
  }
}

/** What the parser or a deadline refused never became a request; it gets an envelope all the same. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  const refusal = refusalOf(error.code ?? '');
  // also without a refusal: a failed TLS handshake, through which nothing can be said
  if (refusal === null || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = `${JSON.stringify(problem('invalid_argument', refusal.message))}\n`;
  const length = Buffer.byteLength(body);
  socket.end(
    `HTTP/1.1 ${refusal.status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
  );
}

function refusalOf(code: string): { readonly status: string; readonly message: string } | null {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { status: '431 Request Header Fields Too Large', message: `headers have at most ${MAX_HEADER_BYTES} bytes` };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: '408 Request Timeout', message: 'the request took too long to arrive' };
  }
  return code.startsWith('HPE_') ? { status: '400 Bad Request', message: 'malformed HTTP request' } : null;
}
