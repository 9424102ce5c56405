import { CodedError } from '../base/coded-error.ts';
import type { Peer } from '../pdp/decision-point.ts';
import type { SocketName } from './channel.ts';
import type { DaemonPort } from './daemon-port.ts';
import { type RequestHead, valuesOf } from './http-head.ts';
import { type HttpReply, refusal } from './http-reply.ts';
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
}

export type Handler = (exchange: Exchange) => HttpReply | Promise<HttpReply>;

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
  const byPath = new Map<string, Map<string, Route>>();
  for (const route of routes) {
    const methods = byPath.get(route.path) ?? new Map<string, Route>();
    if (methods.has(route.method)) {
      throw new RouterError('duplicate_route', `the route \`${route.method} ${route.path}\` is registered twice`);
    }
    byPath.set(route.path, methods.set(route.method, route));
  }
  return (head, socketName) => {
    // a browser, not an enforcement point; on every route, the unknown ones included
    if (valuesOf(head, 'origin').length > 0 || valuesOf(head, 'referer').length > 0) {
      return refused(refusal('forbidden', 'requests with `Origin` or `Referer` are refused: this is no web API'));
    }
    const methods = [...(byPath.get(head.path ?? '') ?? [])].filter(([, { on }]) => on === 'both' || on === socketName);
    if (methods.length === 0) return refused(refusal('not_found', notFoundMessage(head, socketName, byPath)));
    const route = methods.find(([method]) => method === head.method)?.[1];
    if (route === undefined) return refused(methodNotAllowed(methods.map(([method]) => method)));
    if (valuesOf(head, 'content-encoding').length > 0) {
      return refused(refusal('unsupported_encoding', 'send the body without `Content-Encoding`'));
    }
    return { kind: 'route', route, maxBody: route.body === 'batch' ? MAX_BATCH_BODY_BYTES : MAX_BODY_BYTES };
  };
}

function refused(reply: HttpReply): Routing {
  return { kind: 'refused', reply };
}

function notFoundMessage(head: RequestHead, socketName: SocketName, byPath: ReadonlyMap<string, unknown>): string {
  return socketName === 'decide' && byPath.has(head.path ?? '')
    ? 'this route is on the admin socket only'
    : 'there is no such route';
}

function methodNotAllowed(methods: readonly string[]): HttpReply {
  const allow = methods.join(', ');
  return { ...refusal('method_not_allowed', `use ${allow} here`), headers: [['Allow', allow]] };
}
