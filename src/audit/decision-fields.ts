import { isObject, type RuleFields } from '../policy/rule-shape.ts';
import type { PagedDecision } from './decision-page.ts';
import type { Entry } from './record-text.ts';
import { shortened } from './request-labels.ts';

/** A path is kept whole (semantics allows 4,096 bytes); everything else that others write is kept short. */
const MAX_PATH = 4_096;
const MAX_REASON = 512;
const MAX_WORD = 256;

/** What a record holds of an answer, and how much of it. Whatever an answer may hold one day is not in here. */
const ANSWER_FIELDS = { decision: MAX_WORD, kind: MAX_WORD, code: MAX_WORD, reason: MAX_REASON, revision: MAX_WORD };
const ANSWER_VALUES = ['generation', 'ip_checked', 'would_deny'] as const;
const RULE_FIELDS = { id: MAX_WORD, name: MAX_WORD, policy: MAX_WORD, origin: MAX_WORD, resource: MAX_REASON };
const REQUEST_FIELDS = { action: MAX_WORD, host: MAX_REASON, path: MAX_PATH, real: MAX_PATH };
const REQUEST_VALUES = ['port', 'recursive', 'uid'] as const;

const CENSORED = '[secret]';
const SECRET_NAME = /secret|passw|token|credential|authorization|api[-_]?key|private[-_]?key|cookie/i;
/** Where a command line or a label carries one along: `Bearer …`, `--token=…`, `password: …`, `https://user:…@host`. */
const SECRET_VALUES: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[^\s"',;]+/gi, `$1 ${CENSORED}`],
  [
    /([\w-]*(?:secret|passw(?:or)?d|token|credential|api[-_]?key)[\w-]*["']?\s*[=:]\s*)["']?[^\s"',;&]+/gi,
    `$1${CENSORED}`,
  ],
  [/(--(?:secret|password|token|credential|api-?key)\s+)[^\s"',;]+/gi, `$1${CENSORED}`],
  [/(:\/\/[^\s/:@]*:)[^\s/@]+@/g, `$1${CENSORED}@`],
];

/** The record of a decision; null for a text that is no answer. */
export function decisionEntry({ at, peer, answer, labels }: PagedDecision): Entry | null {
  const given = objectIn(answer);
  if (given === null) return null;
  const { rule, request } = given;
  return {
    at,
    fields: {
      type: 'decision',
      ...texts(given, ANSWER_FIELDS),
      ...values(given, ANSWER_VALUES),
      ...(isObject(rule) ? { rule: texts(rule, RULE_FIELDS) } : {}),
      ...(isObject(request) ? { request: requestFields(request) } : {}),
      peer,
      ...(labels === '' ? {} : maskedLabels(objectIn(labels) ?? {})),
    },
  };
}

function requestFields(request: RuleFields): RuleFields {
  const { ip } = request;
  return {
    ...texts(request, REQUEST_FIELDS),
    ...(Array.isArray(ip) ? { ip: ip.filter((address) => typeof address === 'string') } : {}),
    ...values(request, REQUEST_VALUES),
  };
}

function texts(from: RuleFields, bounds: Readonly<Record<string, number>>): RuleFields {
  const kept: Record<string, unknown> = {};
  for (const [name, most] of Object.entries(bounds)) {
    const value = from[name];
    if (typeof value === 'string') kept[name] = shortened(value, most);
  }
  return kept;
}

function values(from: RuleFields, names: readonly string[]): RuleFields {
  const kept: Record<string, unknown> = {};
  for (const name of names) {
    const value = from[name];
    if (typeof value === 'number' || typeof value === 'boolean') kept[name] = value;
  }
  return kept;
}

/** No token or key reaches a log (delivery, What always holds): labels are what a caller may put one into. */
function maskedLabels(labels: RuleFields): RuleFields {
  const entries = Object.entries(labels).map(([name, value]) => [
    name,
    isObject(value) ? maskedLabels(value) : maskedLabel(name, value),
  ]);
  return Object.fromEntries(entries) as RuleFields;
}

function maskedLabel(name: string, value: unknown): unknown {
  if (SECRET_NAME.test(name)) return CENSORED;
  if (typeof value !== 'string') return value;
  return SECRET_VALUES.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), value);
}

function objectIn(text: string): RuleFields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
