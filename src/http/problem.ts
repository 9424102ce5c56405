/** The error envelope of every HTTP surface: `{"error":{"code","message"}}`. */
export interface Problem<Code extends string = string> {
  readonly error: { readonly code: Code; readonly message: string };
}

export function problem<Code extends string>(code: Code, message: string): Problem<Code> {
  return { error: { code, message } };
}

const LONGEST_QUOTE = 120;

/** What a caller sent, safe to repeat in a message: made printable, shortened, in backticks. */
export function quoted(text: string): string {
  const shown = text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
  return `\`${printable(shown.replaceAll(/[\\`]/g, '\\$&'))}\``;
}

/** Control characters, line breaks and what changes the direction of text become escapes. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
