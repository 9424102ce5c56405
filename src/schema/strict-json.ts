import { shown } from '../base/shown.ts';

/**
 * JSON as every surface of reeve reads it (api, "Files and who may what"): duplicate keys, invalid UTF-8, unpaired
 * surrogates and depth over 16 are errors, because two readers of such a text may see two questions.
 *
 * `JSON.parse` does the grammar. What it forgives is found afterwards: without a backslash in the text by counting
 * colons (a dropped duplicate takes its colon with it), otherwise by one linear scan. A key `__proto__` becomes an own
 * property like any other and touches no prototype.
 */
export type StrictJson =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly message: string };

export interface StrictJsonLimits {
  /** Containers inside one another; the outermost counts as one. */
  readonly maxDepth?: number;
}

const MAX_JSON_DEPTH = 16;

// `ignoreBOM` keeps a byte order mark in the text, where the grammar refuses it
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one JSON text from bytes. Total: every input gives a value or an error. */
export function parseStrictJson(bytes: Uint8Array, limits?: StrictJsonLimits): StrictJson {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { kind: 'error', message: 'the text is not valid UTF-8' };
  }
  return parseWellFormed(text, limits);
}

/** Reads one JSON text that is a string already; unpaired surrogates in it are errors as well. */
export function parseStrictJsonText(text: string, limits?: StrictJsonLimits): StrictJson {
  if (!text.isWellFormed()) return { kind: 'error', message: UNPAIRED };
  return parseWellFormed(text, limits);
}

const UNPAIRED = 'the text holds an unpaired surrogate';
const BACKSLASH = '\\';

function parseWellFormed(text: string, limits: StrictJsonLimits | undefined): StrictJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { kind: 'error', message: syntaxMessage(text, error) };
  }
  const maxDepth = limits?.maxDepth ?? MAX_JSON_DEPTH;
  const fault = text.includes(BACKSLASH) ? scanEscaped(text, maxDepth) : countPlain(text, value, maxDepth);
  return fault === null ? { kind: 'value', value } : { kind: 'error', message: fault };
}

/** The position only: the engine's own message quotes the input, line breaks included. */
function syntaxMessage(text: string, error: unknown): string {
  if (text.trim() === '') return 'the text is empty, expected one JSON value';
  const position = error instanceof Error ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
  return position === undefined ? 'the text is not valid JSON' : `the text is not valid JSON at position ${position}`;
}

const tooDeep = (maxDepth: number): string => `the JSON is nested deeper than ${maxDepth}`;

interface Count {
  colons: number;
}

/**
 * For a text without escapes every string is in the value exactly as written, unless a duplicate key dropped it. So
 * the colons of the text are the keys plus the colons inside kept strings, and one more for each duplicate at least.
 */
function countPlain(text: string, value: unknown, maxDepth: number): string | null {
  const count: Count = { colons: 0 };
  if (!countColons(value, maxDepth, count)) return tooDeep(maxDepth);
  return occurrencesOfColon(text) === count.colons ? null : repeatedKeyMessage(text);
}

function occurrencesOfColon(text: string): number {
  let found = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) found += 1;
  return found;
}

/** Adds up what `value` accounts for; false when it is too deep. The recursion ends at `depthLeft`. */
function countColons(value: unknown, depthLeft: number, count: Count): boolean {
  if (typeof value === 'string') {
    count.colons += occurrencesOfColon(value);
    return true;
  }
  if (typeof value !== 'object' || value === null) return true;
  if (depthLeft === 0) return false;
  if (Array.isArray(value)) return value.every((item) => countColons(item, depthLeft - 1, count));
  const record = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(record)) {
    count.colons += 1 + occurrencesOfColon(key);
    if (!countColons(record[key], depthLeft - 1, count)) return false;
  }
  return true;
}

/** Only on the way to an error: which key it was. */
function repeatedKeyMessage(text: string): string {
  return scanEscaped(text, Number.POSITIVE_INFINITY) ?? 'a key is repeated';
}

/** The scan for texts with escapes; `text` is valid JSON, so a string followed by a colon is a key. */
function scanEscaped(text: string, maxDepth: number): string | null {
  const keys: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{' || char === '[') {
      if (keys.length >= maxDepth) return tooDeep(maxDepth);
      keys.push(char === '{' ? new Set() : null);
    } else if (char === '}' || char === ']') {
      keys.pop();
    } else if (char === '"') {
      const end = endOfString(text, at);
      const content = unescaped(text, at, end);
      if (!content.isWellFormed()) return UNPAIRED;
      at = end - 1;
      if (!isKey(text, end)) continue;
      const seen = keys.at(-1);
      if (seen?.has(content) === true) return `the key ${shown(content)} is repeated`;
      seen?.add(content);
    }
  }
  return null;
}

/** The index behind the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function unescaped(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes(BACKSLASH) ? (JSON.parse(text.slice(start, end)) as string) : raw;
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\n' || text[at] === '\r') at += 1;
  return text[at] === ':';
}
