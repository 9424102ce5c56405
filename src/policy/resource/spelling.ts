/** What no resource of any form may hold, with what to write instead. The first match names the problem. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/^$/, 'is empty: write a host such as `example.com`, or `**` for everything'],
  [/\p{Cs}/u, 'is not UTF-8 text: write it in plain characters'],
  [
    /[\p{Cc}\p{White_Space}\u2028\u2029\ufeff]/u,
    'holds white space or a control character: write the host alone, one resource a string',
  ],
  [/^[a-z][a-z0-9+.-]*:\/\//i, 'has a scheme: write the host and the port alone, such as `example.com:443`'],
  [/,/, 'holds a comma: write each host as a resource of its own'],
  [/@/, 'holds user information: write the host after the `@` alone'],
  [/\\/, 'holds a backslash: there are no escapes, write the plain character or name'],
  [/%/, 'holds a `%`: there are no percent escapes and no zone ids, write the plain name or address'],
  [/\[:[a-z]+:\]/i, 'holds a POSIX class: write the characters, such as `[0-9]` or `[a-z]`'],
  [/\[!?\^/, 'holds a `^`: negate a bracket with `!`, as in `[!1]`'],
  [/\^/, 'holds a `^`: resources are no regular expressions, write names with `*`, `?` and `[…]`'],
  [/[{}()|]/, 'holds an alternative or a group: write each name as a resource of its own'],
];

/** Almost every resource: nothing in it could be refused, which test/policy/resource/spelling.test.ts shows. */
const ORDINARY = /^[\w.:*-]+(?:\/[0-9]+)?$/;

/** What is wrong with the spelling of a resource as a whole, whatever its form; null if nothing. */
export function spellingProblem(text: string): string | null {
  if (ORDINARY.test(text)) return null;
  return REFUSED.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
