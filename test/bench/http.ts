import type { Bench } from './bench.ts';
import { atLeast, atMost, type Row } from './goals.ts';
import type { NetworkQuestion, PathQuestion } from './policy-generator.ts';
import { httpTarget, latencyRow, pumped, rateRow, type Servers, sequentially } from './sockets.ts';

const SIZE = 100_000;

/** G10: the same socket over HTTP, in both forms, against a server that always says the same. */
export async function httpAdaptor(bench: Bench, servers: Servers): Promise<readonly Row[]> {
  const questions = servers.questions(SIZE).map(({ request }) => request);
  const native = await overHttp(bench, servers, '/v1/decide', questions);
  const authzen = await overHttp(bench, servers, '/access/v1/evaluation', questions.map(asEvaluation));
  return [
    ...native,
    ...authzen.map((row) =>
      row.kind === 'measured' ? { ...row, what: row.what.replace('HTTP', 'AuthZEN over HTTP') } : row,
    ),
  ];
}

async function overHttp(
  bench: Bench,
  servers: Servers,
  route: string,
  bodies: readonly object[],
): Promise<readonly Row[]> {
  bench.progress(`HTTP: ${route}`);
  const targets = [
    httpTarget('http', servers.floor('http-static'), route, bodies),
    httpTarget('ours', servers.daemon(SIZE), route, bodies),
  ];
  const sequential = await sequentially(bench, targets);
  const parallel = await pumped(bench, { connections: 8, window: 1 }, targets);
  const floor = 'http';
  return [
    latencyRow('G10', 'p50, HTTP, 100,000 rules', sequential, {
      at: 'p50',
      floor,
      goal: atMost(1.25),
      beat: atMost(1.2),
      gate: atMost(1.9),
    }),
    rateRow('G10', '8 connections, HTTP, 100,000 rules', parallel, { floor, goal: atLeast(0.7), beat: null }),
  ];
}

/** The same question as an AuthZEN evaluation request. */
function asEvaluation(request: NetworkQuestion | PathQuestion): object {
  const head = { subject: { type: 'agent', id: 'bench' }, action: { name: request.action } };
  if (request.action === 'read') {
    return { ...head, resource: { type: 'filesystem', id: request.path, properties: { real: request.real } } };
  }
  const destination = request.host ?? request.ip ?? '';
  const host = destination.includes(':') ? `[${destination}]` : destination;
  return { ...head, resource: { type: 'network', id: `${host}:${request.port}` } };
}
