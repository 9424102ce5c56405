const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** Milliseconds since the epoch of a time as TUF writes it, to the second and in UTC; null for anything else. */
export function readUtc(text: unknown): number | null {
  if (typeof text !== 'string' || !UTC.test(text)) return null;
  const at = Date.parse(text);
  // the engine takes the 30th of February for a day in March
  return Number.isNaN(at) || utcText(at) !== text ? null : at;
}

/** The same time as text; fractions of a second are left out. */
export function utcText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
