import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/coded-error.ts';
import { type Connections, trackConnections } from '../http/connections.ts';
import { answerRequest } from './answer-request.ts';
import { ControlPlaneError } from './control-plane-error.ts';
import { CLOSE_DEADLINE_MS } from './limits.ts';
import { assertPrivate, createListener, type TlsFiles } from './listener.ts';
import type { Log } from './log-entry.ts';
import { renderPolicy } from './render.ts';
import { openServices } from './services.ts';
import { openControlPlaneDatabase } from './store/open.ts';
import { allPolicies } from './store/policies.ts';

export interface ControlPlaneOptions {
  /** Path of the SQLite file; made if it is not there. */
  readonly database: string;
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** 0 = any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly tls?: TlsFiles | undefined;
  /** Plain HTTP beyond loopback, and the last `X-Forwarded-For` entry believed. */
  readonly behindTlsTerminator?: boolean | undefined;
  /** How long requests under way may take once `close` is called; default 5,000 ms. */
  readonly closeDeadlineMs?: number | undefined;
  /** A static repository that is served below `/tuf/`; nothing is written there. */
  readonly repository?: string | undefined;
  /** Told of each write to an organisation's policies. Must not throw. */
  readonly onChange?: ((org: string) => void) | undefined;
}

export interface ControlPlane {
  /** The API's base URL, `/v2` included: `{url}/auth/token`. */
  readonly url: string;
  /** What the operator should be told at start; also in the log. */
  readonly notices: readonly string[];
  /** All policies of an organisation as the API shows them, at one moment. */
  readonly policies: (org: string) => readonly unknown[];
  /** Takes no more requests, waits for those under way until the deadline, closes the database. May be called twice. */
  readonly close: () => Promise<void>;
}

/** Throws a `StoreError` or a `ControlPlaneError`; nothing is left open then. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const host = options.host ?? '127.0.0.1';
  const behindTlsTerminator = options.behindTlsTerminator ?? false;
  assertPrivate(host, options.tls !== undefined, behindTlsTerminator);
  const database = openControlPlaneDatabase(options.database);
  try {
    const services = openServices(database, options.clock, options.onChange ?? (() => undefined));
    const sourceOf = behindTlsTerminator ? forwardedSource : directSource;
    const repository = options.repository ?? null;
    const answering = { services, repository, log: options.log, sourceOf, closing: () => !server.listening };
    const server = createListener(options.tls, (request, response) => void answerRequest(answering, request, response));
    const connections = trackConnections(server);
    await listen(server, host, options.port);
    const url = baseUrl(server, host, options.tls !== undefined);
    const notices = services.credentials.count() === 0 ? [firstSteps(options.database)] : [];
    options.log({ event: 'listening', url });
    for (const message of notices) options.log({ event: 'notice', message });
    let closing: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      const cancel = options.clock.after(options.closeDeadlineMs ?? CLOSE_DEADLINE_MS, connections.destroyAll);
      await drain(server, connections);
      cancel();
      database.close();
    };
    const policies = (org: string): readonly unknown[] => allPolicies(services.tables, org).map(renderPolicy);
    return { url, notices, policies, close: () => (closing ??= stop()) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** There is no default password: without a credential nobody gets in. */
function firstSteps(database: string): string {
  return (
    'no credentials yet, so nobody can sign in: create an administrator with ' +
    `\`reeve control-plane credential create --database ${database} --org ORG --kind admin --identifier NAME\` ` +
    'and one for the machines with `--kind machine`; each secret is shown once'
  );
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const inUse = codeOf(error) === 'EADDRINUSE';
      const why = inUse ? 'another program listens there: stop it, or choose another port' : messageOf(error);
      const message = `cannot listen on \`${host}\` port ${port}: ${why}`;
      reject(new ControlPlaneError('listen_failed', message, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

function baseUrl(server: Server, host: string, secure: boolean): string {
  const { port } = server.address() as AddressInfo;
  return `${secure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}/v2`;
}

function drain(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // the others close with the answer that they are waiting for
    connections.closeIdle();
  });
}

function directSource(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? 'unknown';
}

/** Only what the terminator itself appended: everything before the last comma is the client's own word. */
function forwardedSource(request: IncomingMessage): string {
  const last = request.headers['x-forwarded-for']?.toString().split(',').at(-1)?.trim().slice(0, 64);
  return last === undefined || last === '' ? directSource(request) : last;
}
