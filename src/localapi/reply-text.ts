import type { ToldItem } from '../pdp/decision-point.ts';

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

/** What the decision point said, as one JSON object; only an answer has a `decision`. */
export function toldText(told: ToldItem): string {
  if (typeof told === 'string') return told;
  return errorText(told.kind === 'unavailable' ? told.code : 'invalid_request', told.message);
}

/** Adds an `id`, already JSON, to the text of a JSON object that is not empty. */
export function withId(objectText: string, idText: string | null): string {
  return idText === null ? objectText : `${objectText.slice(0, -1)},"id":${idText}}`;
}
