import { isAscii } from 'node:buffer';
import { type AskedRequest, readAsked, type Told, type ToldItem } from '../pdp/decision-point.ts';
import { parseStrictJson } from '../schema/strict-json.ts';
import { BatchReply } from './batch-reply.ts';
import { type HttpReply, ok, type ReplyWork, refusal } from './http-reply.ts';
import { MAX_BATCH_ITEMS, MAX_BODY_BYTES } from './limits.ts';
import { readPlainLine } from './plain-line.ts';
import { toldText } from './reply-text.ts';
import type { Exchange, Handling } from './router.ts';

/** `POST /v1/decide`: an object gives an object, an array an array, all of one generation. */
export function decideRoute(exchange: Exchange): Handling {
  const { body } = exchange;
  // only a batch may be larger than one request; which of the two it is shows in the first character
  if (body.length > MAX_BODY_BYTES && !opensArray(body)) {
    return refusal('too_large', `one request is at most ${MAX_BODY_BYTES} bytes`);
  }
  const plain = isAscii(body) ? readPlainLine(body.toString('latin1'), 0, body.length) : null;
  // an `id` belongs to lines: here it is no member, and the strict way says so
  if (plain?.id === null) return decideOne(plain, exchange);
  const reading = parseStrictJson(body);
  if (reading.kind === 'error') return refusal('invalid_request', reading.message);
  if (Array.isArray(reading.value)) return decideMany(reading.value, exchange);
  const item = readAsked(reading.value);
  return item.kind === 'request' ? decideOne(item, exchange) : refusal('invalid_request', item.message);
}

function decideOne(asked: AskedRequest, { port, peer, deadline }: Exchange): HttpReply | Promise<HttpReply> {
  const told = port.decisionPoint.tell(asked, peer, deadline - performance.now());
  return told instanceof Promise ? told.then(toldReply) : toldReply(told);
}

function decideMany(values: readonly unknown[], { port, peer, deadline }: Exchange): HttpReply | ReplyWork {
  if (values.length > MAX_BATCH_ITEMS) {
    return refusal('invalid_request', `a batch holds at most ${MAX_BATCH_ITEMS} requests`);
  }
  if (values.length === 0) return ok('[]');
  return new BatchReply({
    values,
    read: readAsked,
    isLast: () => false,
    ask: (items) => port.decisionPoint.tellMany(items, peer, deadline),
    render: (_items, told) => batchReply(told),
  });
}

/** `POST /v1/explain`: reduced on the decision socket, where everybody may ask; full on the admin socket. */
export async function explainRoute({ body, port, peer, socketName }: Exchange): Promise<HttpReply> {
  const reading = parseStrictJson(body);
  if (reading.kind === 'error') return refusal('invalid_request', reading.message);
  const reply = await port.decisionPoint.explain(reading.value, peer, socketName === 'admin');
  switch (reply.kind) {
    case 'explanation':
      return ok(JSON.stringify(reply.explanation));
    case 'not_a_request':
      return refusal('invalid_request', reply.message);
    case 'unavailable':
      return refusal(reply.code, reply.message);
  }
}

function toldReply(told: Told): HttpReply {
  return typeof told === 'string' ? ok(told) : refusal(told.code, told.message);
}

function batchReply(told: readonly ToldItem[]): HttpReply {
  const [first] = told;
  // nothing of it could be decided; `overloaded` is said item by item, since some may have been
  if (typeof first === 'object' && first.kind === 'unavailable' && told.every(isNotReady)) {
    return refusal('not_ready', first.message);
  }
  return ok(`[${told.map(toldText).join(',')}]`);
}

function isNotReady(told: ToldItem): boolean {
  return typeof told === 'object' && told.kind === 'unavailable' && told.code === 'not_ready';
}

function opensArray(body: Buffer): boolean {
  for (const byte of body) {
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return byte === 0x5b;
  }
  return false;
}
