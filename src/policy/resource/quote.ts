const LONGEST = 80;

/** User input inside a message: in backticks, on one line, cut where it would drown the message. */
export function quote(text: string): string {
  const line = text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  // a cut may go through the middle of a character
  return `\`${(line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line).toWellFormed()}\``;
}
