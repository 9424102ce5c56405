import type { Reply } from '../pdp/decision-point.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import { type AuthzenDecision, faultDecision, fromAnswer, invalidDecision, undecided } from './authzen-answer.ts';
import { answeredCount, readEvaluations, type Semantic } from './authzen-batch.ts';
import { type EnvelopeReading, type Evaluation, fault, isObject, readEvaluation } from './authzen-envelope.ts';
import { type NativeReading, toNative } from './authzen-native.ts';
import type { PolicyIdentity } from './daemon-port.ts';
import { type RequestHead, valuesOf } from './http-head.ts';
import { type HttpReply, ok, refusal } from './http-reply.ts';
import type { Exchange } from './router.ts';

/** `POST /access/v1/evaluation` (OpenID AuthZEN Authorization API 1.0). */
export function authzenSingleRoute(exchange: Exchange): HttpReply | Promise<HttpReply> {
  const body = readBody(exchange);
  if (body.kind === 'fault') return refusal('invalid_request', body.message);
  const reading = isObject(body.value)
    ? readEvaluation(body.value)
    : fault<Evaluation>('the body must be one JSON object');
  return reading.kind === 'fault' ? refusal('invalid_request', reading.message) : evaluate(reading.value, exchange);
}

/** `POST /access/v1/evaluations`. */
export function authzenBatchRoute(exchange: Exchange): HttpReply | Promise<HttpReply> {
  const body = readBody(exchange);
  if (body.kind === 'fault') return refusal('invalid_request', body.message);
  const reading = readEvaluations(body.value);
  if (reading.kind === 'fault') return refusal('invalid_request', reading.message);
  if (reading.value.kind === 'single') return evaluate(reading.value.evaluation, exchange);
  return evaluateMany(reading.value.items, reading.value.semantic, exchange);
}

/** The socket is the route, the identifier only a name; never taken from `Host` (authzen, 3). */
export function authzenMetadataRoute({ port }: Exchange): HttpReply {
  const identifier = port.authzenIdentifier;
  return ok(
    JSON.stringify({
      policy_decision_point: identifier,
      access_evaluation_endpoint: `${identifier}/access/v1/evaluation`,
      access_evaluations_endpoint: `${identifier}/access/v1/evaluations`,
    }),
  );
}

function readBody({ head, body }: Exchange): EnvelopeReading<unknown> {
  if (!isJson(head)) return fault('`Content-Type` must be application/json');
  const reading = parseStrictJson(body);
  return reading.kind === 'error' ? fault(reading.message) : { kind: 'read', value: reading.value };
}

/** Any case, parameters ignored (authzen, 4). */
function isJson(head: RequestHead): boolean {
  const [type = '', ...others] = valuesOf(head, 'content-type');
  return others.length === 0 && type.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

function evaluate(evaluation: Evaluation, { port, peer, deadline }: Exchange): HttpReply | Promise<HttpReply> {
  const native = toNative(evaluation);
  if (native.kind === 'invalid') return ok(JSON.stringify(invalidDecision(native.reason, port.identity())));
  const render = (reply: Reply): HttpReply => {
    if (reply.kind === 'unavailable') return refusal(reply.code, reply.message);
    return ok(JSON.stringify(toDecision(reply, port.identity())));
  };
  const reply = port.decisionPoint.ask(native.request, peer, deadline);
  return reply instanceof Promise ? reply.then(render) : render(reply);
}

/** What the native form calls no request is, behind a right envelope, content without meaning (authzen, 4). */
function toDecision(reply: Reply, identity: PolicyIdentity): AuthzenDecision {
  switch (reply.kind) {
    case 'answer':
      return fromAnswer(reply.answer);
    case 'not_a_request':
      return invalidDecision(reply.message, identity);
    case 'unavailable':
      return undecided(reply.code, reply.message);
  }
}

type Item = NativeReading | { readonly kind: 'fault'; readonly message: string };

function evaluateMany(
  readings: readonly EnvelopeReading<Evaluation>[],
  semantic: Semantic,
  exchange: Exchange,
): HttpReply | Promise<HttpReply> {
  const { port, peer, deadline } = exchange;
  const items = beforeFirstFault(
    readings.map((reading): Item => (reading.kind === 'fault' ? reading : toNative(reading.value))),
    semantic,
  );
  const natives = items.flatMap((item) => (item.kind === 'native' ? [item.request] : []));
  const render = (replies: readonly Reply[]): HttpReply => batchReply(items, replies, semantic, port.identity());
  if (natives.length === 0) return render([]);
  const replies = port.decisionPoint.askMany(natives, peer, deadline, stopOf(semantic));
  return replies instanceof Promise ? replies.then(render) : render(replies);
}

/** An item in error is a deny: with `deny_on_first_deny` nothing behind it is asked. */
function beforeFirstFault(items: readonly Item[], semantic: Semantic): readonly Item[] {
  const first = items.findIndex(({ kind }) => kind !== 'native');
  return semantic === 'deny_on_first_deny' && first !== -1 ? items.slice(0, first + 1) : items;
}

/** What ends a batch early: items behind it are not evaluated (authzen, 2, item 4). */
function stopOf(semantic: Semantic): ((reply: Reply) => boolean) | undefined {
  if (semantic === 'execute_all') return undefined;
  const deciding = semantic === 'permit_on_first_permit';
  return (reply) => (reply.kind === 'answer' && reply.answer.decision === 'allow') === deciding;
}

function batchReply(
  items: readonly Item[],
  replies: readonly Reply[],
  semantic: Semantic,
  current: PolicyIdentity,
): HttpReply {
  const answered = replies.find((reply) => reply.kind === 'answer');
  // one generation a batch: what we answer ourselves carries that of the others
  const identity = answered?.kind === 'answer' ? answered.answer : current;
  const remaining = replies.values();
  const decisions: AuthzenDecision[] = [];
  for (const item of items) {
    if (item.kind === 'fault') decisions.push(faultDecision(item.message));
    else if (item.kind === 'invalid') decisions.push(invalidDecision(item.reason, identity));
    else {
      const { value } = remaining.next();
      if (value !== undefined) decisions.push(toDecision(value, identity));
      // behind a short circuit: not asked, so there is no reply
      else if (semantic !== 'execute_all') break;
      else decisions.push(undecided('overloaded', 'this item was not decided: ask again'));
    }
  }
  const count = answeredCount(
    decisions.map(({ decision }) => decision),
    semantic,
  );
  return ok(JSON.stringify({ evaluations: decisions.slice(0, count) }));
}
