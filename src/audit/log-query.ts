import { shown } from '../base/shown.ts';
import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import type { LogFilter, LogPlace } from '../store/log-search.ts';

/** What is asked of the log. */
export interface LogQuery {
  readonly filter: LogFilter;
  /** Milliseconds since the epoch, both ends included. */
  readonly since: number;
  readonly until: number;
  /** Go on behind this place of an earlier answer, towards the past. */
  readonly before: LogPlace | null;
  /** Or: what was written after this record, oldest first. */
  readonly after: number | null;
  readonly limit: number;
}

export type LogQueryReading =
  | { readonly kind: 'query'; readonly query: LogQuery }
  | { readonly kind: 'invalid'; readonly message: string };

/** JSON text: `records`, and where to go on; or why there is none. */
export type LogQueryAnswer =
  | { readonly kind: 'records'; readonly json: string }
  | { readonly kind: 'unavailable'; readonly message: string };

export const MAX_LOG_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;
/** The largest time that a `Date` can hold. */
const END_OF_TIME = 8.64e15;

const TEXTS = ['type', 'decision', 'code', 'action', 'host', 'path', 'policy', 'rule', 'revision', 'contains'] as const;
const NUMBERS = ['port', 'generation', 'uid'] as const;
const OTHERS = ['since', 'until', 'before', 'after', 'limit'] as const;
const MEMBERS: ReadonlySet<string> = new Set([...TEXTS, ...NUMBERS, ...OTHERS]);
const PLACE = /^(\d{1,16})\.(\d{1,16})$/;

/** Reads the body of `GET /v1/log`; every member may be left out, and no other is known. */
export function readLogQuery(value: unknown): LogQueryReading {
  if (!isObject(value)) return invalid('a log query is a JSON object');
  for (const name of Object.keys(value)) if (!MEMBERS.has(name)) return invalid(`unknown member ${shown(name)}`);
  const fault = filterFault(value);
  if (fault !== null) return invalid(fault);
  const [since, until] = [timeOf(value['since'], -END_OF_TIME), timeOf(value['until'], END_OF_TIME)];
  if (since === null || until === null) {
    return invalid('`since` and `until` must be times such as `2026-01-31T12:00:00Z`');
  }
  const { before, after = null, limit = DEFAULT_LIMIT } = value;
  const place = before === undefined ? null : placeOf(before);
  if (before !== undefined && place === null) return invalid('`before` must be the `next` of an earlier answer');
  if (after !== null && !isCount(after)) return invalid('`after` must be the id of a record');
  if (!isCount(limit) || limit < 1 || limit > MAX_LOG_LIMIT) {
    return invalid(`\`limit\` must be a whole number from 1 to ${MAX_LOG_LIMIT}`);
  }
  return { kind: 'query', query: { filter: filterOf(value), since, until, before: place, after, limit } };
}

export function placeText({ at, id }: LogPlace): string {
  return `${at}.${id}`;
}

function filterFault(value: RuleFields): string | null {
  for (const name of TEXTS) {
    const given = value[name];
    if (given !== undefined && (typeof given !== 'string' || given === '')) return `\`${name}\` must be a text`;
  }
  for (const name of NUMBERS) {
    if (value[name] !== undefined && !isCount(value[name])) return `\`${name}\` must be a whole number`;
  }
  return null;
}

function filterOf(value: RuleFields): LogFilter {
  const names = [...TEXTS, ...NUMBERS].filter((name) => value[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, value[name]]));
}

function timeOf(value: unknown, otherwise: number): number | null {
  if (value === undefined) return otherwise;
  // with a zone or not at all: a time that means another instant in each place is none
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(value)) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : at;
}

function placeOf(value: unknown): LogPlace | null {
  const [, at, id] = (typeof value === 'string' ? PLACE.exec(value) : null) ?? [];
  return at === undefined || id === undefined ? null : { at: Number(at), id: Number(id) };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function invalid(message: string): LogQueryReading {
  return { kind: 'invalid', message };
}
