import picomatch from 'picomatch';
import { shown } from '../../base/shown.ts';

/** A label with globs, cut at its stars; each run is the source of a regular expression of fixed length. */
export interface LabelGlob {
  readonly kind: 'glob';
  readonly runs: readonly string[];
}

type LabelGlobReading = LabelGlob | { readonly kind: 'invalid'; readonly problem: string };

/** picomatch only ever sees literals, `?` and `[…]`; everything that it would read besides is off. */
const PICOMATCH: picomatch.PicomatchOptions = {
  bash: false,
  dot: true,
  fastpaths: false,
  nobrace: true,
  noextglob: true,
  noglobstar: true,
  nonegate: true,
  posix: false,
  regex: false,
  strictSlashes: true,
  windows: false,
};

const GLOB_CHARACTER = /[*?[\]]/;
const LITERAL = /^[a-z0-9_-]$/;
const DIGIT = /^[0-9]$/;
const LETTER = /^[a-z]$/;

export function hasGlob(label: string): boolean {
  return GLOB_CHARACTER.test(label);
}

/** Reads a label with globs; a bracket is `[`, an optional `!`, literals or ranges, `]` (Network resources). */
export function readLabelGlob(text: string): LabelGlobReading {
  const label = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const runs: string[] = [];
  let run = '';
  for (let index = 0; index < label.length; index++) {
    const character = label.charAt(index);
    if (character === '*') {
      runs.push(sourceOf(run));
      run = '';
    } else if (character === '[') {
      const end = label.indexOf(']', index);
      const problem = end < 0 ? 'a `[` is never closed' : bracketProblem(label.slice(index + 1, end));
      if (problem !== null) return { kind: 'invalid', problem };
      run += bracketOf(label.slice(index + 1, end));
      index = end;
    } else if (character === '?' || LITERAL.test(character)) {
      run += character;
    } else {
      return { kind: 'invalid', problem: literalProblem(wholeCharacter(label, index)) };
    }
  }
  runs.push(sourceOf(run));
  return { kind: 'glob', runs };
}

/**
 * One regular expression for the whole name, its dots written as `/` because that is what picomatch never matches
 * across. `lead` is the wildcard before the labels.
 */
export function nameMatcher(lead: '' | '*' | '**', labels: readonly (string | LabelGlob)[]): RegExp {
  let groups = 0;
  const sources = labels.map((label) => {
    if (typeof label === 'string') return label;
    const source = labelSource(label.runs, groups);
    groups += middleRuns(label.runs).length;
    return source;
  });
  const before = { '': '', '*': '[^/]+/', '**': '(?:[^/]+/)+' }[lead];
  return new RegExp(`^${before}${sources.join('/')}$`);
}

/**
 * Between two stars the first place where a run fits is as good as any later one, so it is taken for good: a lookahead
 * captures it and a back reference consumes it, and nothing is tried twice. `groups` were opened before.
 */
function labelSource(runs: readonly string[], groups: number): string {
  const [first = ''] = runs;
  if (runs.length === 1) return first;
  const middle = middleRuns(runs).map((run, index) => `(?=([^/]*?${run}))\\${groups + index + 1}`);
  const rest = `${middle.join('')}[^/]*${runs.at(-1) ?? ''}`;
  // a middle label that is `*` is one label, never none
  return runs.every((run) => run === '') ? '[^/]+' : `${first}${rest}`;
}

function middleRuns(runs: readonly string[]): readonly string[] {
  return runs.slice(1, -1).filter((run) => run !== '');
}

function sourceOf(run: string): string {
  return run === '' ? '' : picomatch.parse(run, PICOMATCH).output;
}

/** picomatch takes `[!…]` for a literal `!` unless told otherwise; `[^…]` it always negates. */
function bracketOf(body: string): string {
  return body.startsWith('!') ? `[^${body.slice(1)}]` : `[${body}]`;
}

function bracketProblem(body: string): string | null {
  const members = body.startsWith('!') ? body.slice(1) : body;
  if (members === '') return 'a bracket is empty';
  for (let index = 0; index < members.length; index++) {
    const member = members.charAt(index);
    if (!LITERAL.test(member)) return bracketCharacterProblem(wholeCharacter(members, index), index);
    if (member === '-') {
      if (index > 0 && index < members.length - 1) return 'in a bracket `-` stands for itself only first or last';
    } else if (members[index + 1] === '-' && index + 2 < members.length) {
      const to = members.charAt(index + 2);
      if (!isRange(member, to))
        return `${shown(`${member}-${wholeCharacter(members, index + 2)}`)} is no range from a letter to a later one or a digit to a later one`;
      index += 2;
    }
  }
  return null;
}

function isRange(from: string, to: string): boolean {
  return from <= to && ((DIGIT.test(from) && DIGIT.test(to)) || (LETTER.test(from) && LETTER.test(to)));
}

function bracketCharacterProblem(character: string, index: number): string {
  if (character === '^' && index === 0) return 'a bracket is negated with `!`, as in `[!1]`';
  return `a bracket holds letters, digits, \`-\` and \`_\` only, not ${shown(character)}`;
}

/** A message that showed half of a surrogate pair could not be read by whoever is strict. */
function wholeCharacter(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index) ?? 0);
}

function literalProblem(character: string): string {
  if (character === ']') return 'a `]` closes no bracket';
  return `a label with a glob is plain ASCII: letters, digits, \`-\` and \`_\`, not ${shown(character)}`;
}
