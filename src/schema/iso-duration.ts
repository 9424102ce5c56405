const DURATION = /^P(?:(\d{1,6})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?$/;

/**
 * An ISO 8601 duration of days, hours, minutes and seconds in milliseconds (`P1D`, `PT60S`, `P1DT12H`); null = none.
 * Months and years are as long as somebody's calendar says, so they are no duration here.
 */
export function isoDurationMs(text: string): number | null {
  const match = DURATION.exec(text);
  // every part is optional, and `P`, `PT` and `P1DT` are no durations
  if (match === null || !/\d[DHMS]$/.test(text)) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part: string | undefined) => Number(part ?? 0));
  return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1_000;
}
