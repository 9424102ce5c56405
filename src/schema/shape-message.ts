import type { z } from 'zod';

/** What is wrong with a value that has not its shape: which member, and what it must be; never what was found there. */
export interface ShapeFault {
  /** `a.0.b`; '' = the whole value. */
  readonly member: string;
  readonly unknown: boolean;
  readonly message: string;
}

/** The first thing to say about a value: what nobody here knows comes before what is only wrong. */
export function shapeFault(issues: readonly z.core.$ZodIssue[], written: unknown): ShapeFault {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) {
    const member = memberText([...unknown.path, unknown.keys[0] ?? '']);
    return { member, unknown: true, message: `unknown member \`${member}\`` };
  }
  const issue = issues[0];
  // a value that not even the shape could look at
  if (issue === undefined)
    return { member: '', unknown: false, message: 'has a member of a kind that it may not have' };
  const member = memberText(issue.path);
  const message = isMissing(written, issue.path) ? 'is missing' : wanted(issue);
  return { member, unknown: false, message: member === '' ? message : `\`${member}\` ${message}` };
}

/** A path through a value for a message: printable, one line, short; names of members are somebody's input too. */
export function memberText(path: readonly PropertyKey[]): string {
  return path
    .map((part) =>
      String(part)
        .replaceAll(/[^\x21-\x7e]|`/gu, '?')
        .slice(0, 64),
    )
    .join('.');
}

/** Whether a member is not there at all: then nothing is said about what it must be. */
export function isMissing(written: unknown, path: readonly PropertyKey[]): boolean {
  let value = written;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return true;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  return false;
}

const NOUNS: Readonly<Record<string, string>> = { string: 'characters', array: 'items' };

/** What a value must be. `object`: what a reader of this kind of file calls one. */
export function wanted(issue: z.core.$ZodIssue, object = 'an object'): string {
  switch (issue.code) {
    case 'custom':
    case 'invalid_format':
      return issue.message;
    case 'invalid_type':
      return `must be ${issue.expected === 'object' ? object : `of type ${issue.expected}`}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return `must have at most ${issue.maximum} ${NOUNS[issue.origin] ?? ''}`.trimEnd();
    case 'too_small':
      return `must have at least ${issue.minimum} ${NOUNS[issue.origin] ?? ''}`.trimEnd();
    case 'invalid_union':
      // a union by a member that names the kind
      if ('options' in issue && Array.isArray(issue.options)) return `must be one of ${issue.options.join(', ')}`;
      return 'has none of the forms that it may have';
    default:
      return 'has a value that it may not have';
  }
}
