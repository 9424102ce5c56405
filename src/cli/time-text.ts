/** `3 s`, `54 min`, `12 h`, `9 days`: as much as a glance needs. */
export function spanText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

/** `in 54 min (2026-06-01T12:54:00.000Z)`; a text that is no time stays as it is. */
export function momentText(text: string, now: number): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return text;
  const seconds = (at - now) / 1_000;
  return seconds >= 0 ? `in ${spanText(seconds)} (${text})` : `${spanText(-seconds)} ago (${text})`;
}
