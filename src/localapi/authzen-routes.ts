import { isAscii } from 'node:buffer';
import type { Told, ToldItem } from '../pdp/decision-point.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import { faultDecision, fromAnswerText, invalidDecision, isAllow, isPermit, undecided } from './authzen-answer.ts';
import { answeredCount, readEvaluations, type Semantic } from './authzen-batch.ts';
import { type EnvelopeReading, type Evaluation, fault, isObject, readEvaluation } from './authzen-envelope.ts';
import { type NativeReading, toNative } from './authzen-native.ts';
import { readPlainEvaluation } from './authzen-plain.ts';
import { BatchReply } from './batch-reply.ts';
import type { PolicyIdentity } from './daemon-port.ts';
import { type RequestHead, valuesOf } from './http-head.ts';
import { type HttpReply, ok, type ReplyWork, refusal } from './http-reply.ts';
import type { Exchange, Handling } from './router.ts';

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
export function authzenBatchRoute(exchange: Exchange): Handling {
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
  const plain = isAscii(body) ? readPlainEvaluation(body.toString('latin1')) : null;
  if (plain !== null) return { kind: 'read', value: plain };
  const reading = parseStrictJson(body);
  return reading.kind === 'error' ? fault(reading.message) : { kind: 'read', value: reading.value };
}

const JSON_TYPE = 'application/json';

/** Any case, parameters ignored (authzen, 4). */
function isJson(head: RequestHead): boolean {
  const types = valuesOf(head, 'content-type');
  const [type = ''] = types;
  if (types.length !== 1) return false;
  return type === JSON_TYPE || type.split(';', 1)[0]?.trim().toLowerCase() === JSON_TYPE;
}

function evaluate(evaluation: Evaluation, { port, peer, deadline }: Exchange): HttpReply | Promise<HttpReply> {
  const native = toNative(evaluation);
  if (native.kind === 'invalid') return ok(invalidDecision(native.reason, port.identity()));
  const told = port.decisionPoint.tell(native, peer, deadline - performance.now());
  return told instanceof Promise ? told.then(singleReply) : singleReply(told);
}

function singleReply(told: Told): HttpReply {
  return typeof told === 'string' ? ok(fromAnswerText(told)) : refusal(told.code, told.message);
}

type Item = NativeReading | { readonly kind: 'fault'; readonly message: string };

function evaluateMany(
  readings: readonly EnvelopeReading<Evaluation>[],
  semantic: Semantic,
  { port, peer, deadline }: Exchange,
): ReplyWork {
  return new BatchReply<EnvelopeReading<Evaluation>, Item>({
    values: readings,
    read: (reading) => (reading.kind === 'fault' ? reading : toNative(reading.value)),
    // an item in error is a deny: with `deny_on_first_deny` nothing behind it is asked
    isLast: ({ kind }) => semantic === 'deny_on_first_deny' && kind !== 'request',
    ask: (items) => {
      const asked = items.filter((item) => item.kind === 'request');
      return asked.length === 0
        ? { advance: () => [] }
        : port.decisionPoint.tellMany(asked, peer, deadline, stopOf(semantic));
    },
    render: (items, told) => batchReply(items, told, semantic, port.identity()),
  });
}

/** What ends a batch early: items behind it are not evaluated (authzen, 2, item 4). */
function stopOf(semantic: Semantic): ((told: ToldItem) => boolean) | undefined {
  if (semantic === 'execute_all') return undefined;
  const deciding = semantic === 'permit_on_first_permit';
  return (told) => (typeof told === 'string' && isAllow(told)) === deciding;
}

function batchReply(
  items: readonly Item[],
  told: readonly ToldItem[],
  semantic: Semantic,
  current: PolicyIdentity,
): HttpReply {
  const answered = told.find((one) => typeof one === 'string');
  // one generation a batch: what we answer ourselves carries that of the others
  const identity = answered === undefined ? current : (JSON.parse(answered) as PolicyIdentity);
  const remaining = told.values();
  const decisions: string[] = [];
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
  const count = answeredCount(decisions.map(isPermit), semantic);
  return ok(`{"evaluations":[${decisions.slice(0, count).join(',')}]}`);
}

function toDecision(told: ToldItem, identity: PolicyIdentity): string {
  if (typeof told === 'string') return fromAnswerText(told);
  return told.kind === 'unavailable' ? undecided(told.code, told.message) : invalidDecision(told.message, identity);
}
