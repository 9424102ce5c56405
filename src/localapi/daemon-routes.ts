import { parseStrictJson } from '../schema/strict-json.ts';
import { type HttpReply, ok, refusal, unavailable } from './http-reply.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';
import { errorText } from './reply-text.ts';
import type { Exchange } from './router.ts';

/** Prometheus' text format. */
const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function statusRoute({ port }: Exchange): HttpReply {
  return ok(JSON.stringify(port.status()));
}

/** Prometheus' text; rules have no names on the decide socket (api, "Files and who may what"). */
export function metricsRoute({ port, load, socketName }: Exchange): HttpReply {
  return { status: 200, text: port.metrics(load(), socketName === 'admin'), type: EXPOSITION_TYPE };
}

/** The process answers; nothing more. */
export function healthRoute(): HttpReply {
  return ok('{"status":"ok"}');
}

/** Whether there is a policy to decide by. */
export function readyRoute({ port }: Exchange): HttpReply {
  return port.ready() ? ok('{"status":"ready"}') : refusal('not_ready', 'there is no policy to decide by yet');
}

export async function syncRoute({ port }: Exchange): Promise<HttpReply> {
  const outcome = await port.sync();
  switch (outcome.kind) {
    case 'live':
      return ok(JSON.stringify({ generation: outcome.generation, revision: outcome.revision }));
    case 'failed':
      return { status: 502, json: errorText(outcome.code, outcome.message) };
    case 'retry_after':
      return unavailable(errorText('retry_after', outcome.message), outcome.seconds);
  }
}

/** `POST /v1/reset`; an empty body is `{}`. */
export async function resetRoute({ body, port, peer }: Exchange): Promise<HttpReply> {
  const reading = body.length === 0 ? ({ kind: 'value', value: {} } as const) : parseStrictJson(body);
  if (reading.kind === 'error') return refusal('invalid_request', reading.message);
  const reply = await port.reset(reading.value, peer);
  switch (reply.kind) {
    case 'done': {
      const { org, revision, governed, audited } = reply;
      return ok(JSON.stringify({ org, revision, governed, audited }));
    }
    case 'invalid':
      return refusal('invalid_request', reply.message);
    case 'elsewhere':
      return { status: 409, json: errorText('other_daemon', reply.message) };
    case 'failed':
      return { status: 502, json: errorText(reply.code, reply.message) };
  }
}

/** `GET /v1/log`; the query is its body, since query strings are ignored (api, "HTTP/1.1 + JSON"). */
export async function logRoute({ body, port }: Exchange): Promise<HttpReply> {
  const reading = body.length === 0 ? ({ kind: 'value', value: {} } as const) : parseStrictJson(body);
  if (reading.kind === 'error') return refusal('invalid_request', reading.message);
  const found = await port.log(reading.value);
  if (found.kind === 'records') return ok(found.json);
  if (found.kind === 'invalid') return refusal('invalid_request', found.message);
  return unavailable(errorText('log_unavailable', found.message), RETRY_AFTER_SECONDS);
}

export async function rulesRoute({ port }: Exchange): Promise<HttpReply> {
  const reading = await port.rules();
  if (reading.kind === 'rules') return ok(reading.json);
  return unavailable(errorText(reading.code, reading.message), RETRY_AFTER_SECONDS);
}
