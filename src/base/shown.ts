/** How much of an input a message repeats. */
const LONGEST = 120;

/** Someone's input as it may stand in a one-line message: in backticks, shortened, controls and line breaks spelled out. */
export function shown(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  const plain = short.replace(/[\p{C}\p{Zl}\p{Zp}`]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
  return `\`${plain}\``;
}

/** The same for a value of any kind. */
export function shownValue(value: unknown): string {
  return shown(typeof value === 'string' ? value : JSON.stringify(value ?? null));
}
