import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../base/coded-error.ts';
import { problem } from '../http/problem.ts';
import { readTarget } from '../http/request-target.ts';
import { matchRoute } from '../http/route-table.ts';
import { writeJson } from '../http/write-json.ts';
import { callerOf, denial, UNAUTHENTICATED } from './auth/caller.ts';
import { type Call, type Endpoint, failed, type Reply, refused } from './endpoint.ts';
import type { Log } from './log-entry.ts';
import { failure } from './outcome.ts';
import { readRequestBody } from './read/request-body.ts';
import { isRepositoryRequest, serveRepository } from './repository-files.ts';
import { ROUTE_TABLE } from './routes.ts';
import type { Services } from './services.ts';

interface Answering {
  readonly services: Services;
  /** Where the static repository lies that is served too; null = none is. */
  readonly repository: string | null;
  readonly log: Log;
  readonly sourceOf: (request: IncomingMessage) => string;
  /** True once the server is closing: a connection then carries no further request. */
  readonly closing: () => boolean;
}

/** What is known of a request while it is answered; becomes its log line. */
interface Trace {
  path: string;
  credential: string | null;
}

/** One request, from its head to its log line. Never throws: what a handler throws is a 500 that says nothing. */
export async function answerRequest(
  { services, repository, log, sourceOf, closing }: Answering,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (repository !== null && isRepositoryRequest(request)) {
    if (closing()) response.setHeader('Connection', 'close');
    // two lines for each poll of each machine would be all that the log holds
    await serveRepository(repository, request, response).catch((error: unknown) => {
      response.destroy();
      log({ event: 'internal_error', path: '(repository)', message: messageOf(error) });
    });
    return;
  }
  const begun = performance.now();
  const source = sourceOf(request);
  const trace: Trace = { path: '(no route)', credential: null };
  const reply = await routed(services, request, { source, trace }).catch((error: unknown): Reply => {
    log({ event: 'internal_error', path: trace.path, message: messageOf(error) });
    return failed(failure('internal', 'internal error'));
  });
  if (reply !== null) {
    const headers = closing() ? { ...reply.headers, Connection: 'close' } : reply.headers;
    writeJson(response, reply.status, reply.body, headers);
  }
  log({
    event: 'request',
    method: request.method ?? '',
    path: trace.path,
    status: reply?.status ?? 0,
    ms: Math.round((performance.now() - begun) * 10) / 10,
    source,
    credential: trace.credential,
  });
}

/** Null if the caller has gone. */
async function routed(
  services: Services,
  request: IncomingMessage,
  { source, trace }: { source: string; trace: Trace },
): Promise<Reply | null> {
  const { path, query } = readTarget(request.url ?? '/');
  const match = matchRoute(ROUTE_TABLE, request.method ?? '', path);
  if (match.kind === 'not_found') return failed(failure('not_found', 'no such endpoint'));
  if (match.kind === 'method_not_allowed') {
    const body = problem('invalid_argument', `this endpoint takes ${match.allow}`);
    return refused(405, body, { Allow: match.allow });
  }
  trace.path = path;
  const { endpoint } = match.route;
  const denied = denialOf(services, request, { endpoint, org: match.params['org_name'], trace });
  if (denied !== null) return denied;
  const call = { services, params: match.params, query, source, body: undefined };
  if (!endpoint.takesBody) return noticed(await endpoint.handle(call), match.route, call);
  const body = await readRequestBody(request);
  if (body.kind === 'gone') return null;
  if (body.kind === 'refused') return refused(body.status, body.problem);
  return noticed(await endpoint.handle({ ...call, body: body.value }), match.route, call);
}

/** Whoever publishes the policies hears of every write that has happened. */
function noticed(reply: Reply, { endpoint }: { endpoint: Endpoint }, { services, params }: Call): Reply {
  if (endpoint.access === 'write' && reply.status < 300) services.onChange(params['org_name'] ?? '');
  return reply;
}

/** Who asks comes before what is asked: nobody without a token makes the server read a body. */
function denialOf(
  services: Services,
  request: IncomingMessage,
  wanted: { endpoint: Endpoint; org: string | undefined; trace: Trace },
): Reply | null {
  const { access } = wanted.endpoint;
  if (access === 'public') return null;
  const caller = callerOf(services, request.headers.authorization);
  if (caller === null) return failed(UNAUTHENTICATED, { 'WWW-Authenticate': 'Bearer' });
  wanted.trace.credential = caller.credential;
  const denied = denial(caller, access, wanted.org);
  return denied === null ? null : failed(denied);
}
