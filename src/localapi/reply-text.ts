import type { Reply, Told } from '../pdp/decision-point.ts';

export type ApiErrorCode =
  | 'invalid_request'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'too_large'
  | 'unsupported_encoding'
  | 'not_ready'
  | 'overloaded'
  | 'internal';

/** The body of everything that is no decision. Never holds `decision`. */
export function errorText(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

/** A reply of the decision point as one JSON object; only an answer has a `decision`. */
export function replyText(reply: Reply): string {
  switch (reply.kind) {
    case 'answer':
      return JSON.stringify(reply.answer);
    case 'not_a_request':
      return errorText('invalid_request', reply.message);
    case 'unavailable':
      return errorText(reply.code, reply.message);
  }
}

/** The same for a decision that is text already. */
export function toldText(told: Told): string {
  return typeof told === 'string' ? told : errorText(told.code, told.message);
}

/** Adds an `id`, already JSON, to the text of a JSON object that is not empty. */
export function withId(objectText: string, idText: string | null): string {
  return idText === null ? objectText : `${objectText.slice(0, -1)},"id":${idText}}`;
}
