/** What must not leave this machine, and what need not. */
export interface Confidential {
  /** Wherever they occur, whatever stands around them. */
  readonly secrets: readonly string[];
  /** Words that name people, machines and organisations, and what stands in their place. */
  readonly names: ReadonlyMap<string, string>;
}

export interface Redactor {
  readonly redact: (text: string) => string;
  /** How many places were replaced so far. */
  readonly count: number;
}

const GONE = '<redacted>';
const WORDS = 'secret|password|passphrase|access_token|token|api_?key|private_?key';

/** By their form, whoever put them there. The part that is kept says what it was. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z ]+)-----[\s\S]*?(?:-----END \1-----|$)/g, `<$1: ${GONE}>`],
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, GONE],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi, `$1 ${GONE}`],
  [/\b(dckr_[a-z]+_|reeve_[a-z]+_|gh[pousr]_|xox[abp]-)[\w-]{4,}/g, `$1${GONE}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s"'@]+@/gi, `$1${GONE}@`],
  // in JSON, and in JSON that stands in a text
  [new RegExp(`(\\b(?:${WORDS})"?\\s*[:=]\\s*)"(?:\\\\.|[^"\\\\])*"`, 'gi'), `$1"${GONE}"`],
  [new RegExp(`(\\b(?:${WORDS})\\\\"\\s*[:=]\\s*)\\\\"(?:(?!\\\\").)*\\\\"`, 'gi'), `$1\\"${GONE}\\"`],
  [new RegExp(`(\\b(?:${WORDS})\\s*[:=]\\s*)'[^']*'`, 'gi'), `$1'${GONE}'`],
];

/** Under sudo this process is not whom the home belongs to. */
const HOME = /(\/(?:home|Users)\/)[\p{L}\p{N}_][\p{L}\p{N}._-]*/gu;

/** Shorter words would be found inside of others. */
const LEAST = 4;

export function createRedactor({ secrets, names }: Confidential): Redactor {
  let count = 0;
  const replace = (text: string, pattern: RegExp, by: string): string => {
    count += text.match(pattern)?.length ?? 0;
    return text.replaceAll(pattern, by);
  };
  const literals = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [...new Set([secret, escapedText(secret)])]);
  return {
    redact: (text) => {
      let rest = text;
      for (const literal of literals) rest = replace(rest, literalPattern(literal), GONE);
      for (const [pattern, by] of FORMS) rest = replace(rest, pattern, by);
      for (const [name, by] of longestFirst(names)) rest = replace(rest, wordPattern(name), by);
      return names.size === 0 ? rest : replace(rest, HOME, '$1<user>');
    },
    get count() {
      return count;
    },
  };
}

/** As it stands in JSON. */
function escapedText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function literalPattern(literal: string): RegExp {
  return literal.length < LEAST ? wordPattern(literal) : new RegExp(escapedPattern(literal), 'g');
}

function wordPattern(word: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_])${escapedPattern(word)}(?![\\p{L}\\p{N}_])`, 'giu');
}

function escapedPattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** A name that is part of another one must not leave the rest of it behind. */
function longestFirst(names: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...names].filter(([name]) => name !== '').toSorted(([one], [other]) => other.length - one.length);
}
