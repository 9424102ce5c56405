import { CodedError } from '../base/coded-error.ts';
import type { Peer } from '../pdp/decision-point.ts';
import type { SocketName } from './channel.ts';
import type { ApiLoad, DaemonPort } from './daemon-port.ts';
import { type RequestHead, valuesOf } from './http-head.ts';
import { type HttpReply, type ReplyWork, refusal } from './http-reply.ts';
import { MAX_BATCH_BODY_BYTES, MAX_BODY_BYTES } from './limits.ts';

/** One request, whole, as a route sees it. */
export interface Exchange {
  readonly head: RequestHead;
  readonly body: Buffer;
  readonly peer: Peer;
  readonly socketName: SocketName;
  /** `performance.now()` by which it must be decided. */
  readonly deadline: number;
  readonly port: DaemonPort;
  readonly load: () => ApiLoad;
}

/** What a handler begins: mostly it is done at once. */
export type Handling = HttpReply | Promise<HttpReply> | ReplyWork;

export type Handler = (exchange: Exchange) => Handling;

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `admin`: on the admin socket only; it is 404 on the other. */
  readonly on: 'both' | 'admin';
  /** What the largest body may be. */
  readonly body: 'single' | 'batch';
  /** Only for uid 0 and the daemon's own uid, where credentials can be read. */
  readonly changesState?: true;
  readonly handle: Handler;
}

export class RouterError extends CodedError<'duplicate_route'> {}

export type Routing =
  | { readonly kind: 'route'; readonly route: Route; readonly maxBody: number }
  | { readonly kind: 'refused'; readonly reply: HttpReply };

/** Where a request goes, or what it is refused with before its body is read. */
export type Router = (head: RequestHead, socketName: SocketName) => Routing;

export function createRouter(routes: readonly Route[]): Router {
  const tables: Readonly<Record<SocketName, Table>> = {
    decide: tableOf(routes, 'decide'),
    admin: tableOf(routes, 'admin'),
  };
  return (head, socketName) => {
    // a browser, not an enforcement point; on every route, the unknown ones included
    if (valuesOf(head, 'origin').length > 0 || valuesOf(head, 'referer').length > 0) {
      return refused(refusal('forbidden', 'requests with `Origin` or `Referer` are refused: this is no web API'));
    }
    const methods = tables[socketName].get(head.path ?? '');
    if (methods === undefined) {
      const elsewhere = tables.admin.has(head.path ?? '');
      return refused(refusal('not_found', elsewhere ? ADMIN_ONLY : 'there is no such route'));
    }
    const found = methods.get(head.method);
    if (found === undefined) return refused(methodNotAllowed([...methods.keys()]));
    if (valuesOf(head, 'content-encoding').length > 0) {
      return refused(refusal('unsupported_encoding', 'send the body without `Content-Encoding`'));
    }
    return found;
  };
}

const ADMIN_ONLY = 'this route is on the admin socket only';

/** By path, then by method. */
type Table = ReadonlyMap<string, ReadonlyMap<string, Routing>>;

/** What there is on one socket. */
function tableOf(routes: readonly Route[], socketName: SocketName): Table {
  const byPath = new Map<string, Map<string, Routing>>();
  for (const route of routes) {
    if (route.on !== 'both' && route.on !== socketName) continue;
    const methods = byPath.get(route.path) ?? new Map<string, Routing>();
    if (methods.has(route.method)) {
      throw new RouterError('duplicate_route', `the route \`${route.method} ${route.path}\` is registered twice`);
    }
    const maxBody = route.body === 'batch' ? MAX_BATCH_BODY_BYTES : MAX_BODY_BYTES;
    byPath.set(route.path, methods.set(route.method, { kind: 'route', route, maxBody }));
  }
  return byPath;
}

function refused(reply: HttpReply): Routing {
  return { kind: 'refused', reply };
}

function methodNotAllowed(methods: readonly string[]): HttpReply {
  const allow = methods.join(', ');
  return { ...refusal('method_not_allowed', `use ${allow} here`), headers: [['Allow', allow]] };
}
