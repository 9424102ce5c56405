/** Above this a number is a moment (seconds since the epoch), not a duration (delivery, Sources 1). */
const EPOCH_FROM = 1e9;
/** A moment in milliseconds: some servers count that way. */
const EPOCH_MS_FROM = 1e12;
const HTTP_DATE = /^[A-Za-z]{3,9},? /;

/** One response's headers as they matter here: a repeated header counts by its first value. */
export type HeaderReader = (name: string) => string | undefined;

/**
 * How many milliseconds the server wants to be left alone for, or null if it does not say. Moments are compared with
 * the server's own `Date` where it gave one, so that a wrong clock on this machine changes nothing.
 */
export function retryAfterMs(header: HeaderReader, now: number): number | null {
  const reference = httpDate(header('date')) ?? now;
  return (
    durationOrMoment(header('retry-after'), reference) ??
    moment(header('x-retry-after'), reference) ??
    (header('x-ratelimit-remaining')?.trim() === '0' ? moment(header('x-ratelimit-reset'), reference) : null)
  );
}

/** Milliseconds since the epoch of an HTTP date; null = absent or no date. */
export function httpDate(text: string | undefined): number | null {
  if (text === undefined || !HTTP_DATE.test(text)) return null;
  const value = Date.parse(text);
  return Number.isNaN(value) ? null : value;
}

function durationOrMoment(text: string | undefined, reference: number): number | null {
  const value = digits(text);
  if (value !== null) return value > EPOCH_FROM ? until(value, reference) : value * 1_000;
  const date = httpDate(text?.trim());
  return date === null ? null : Math.max(0, date - reference);
}

function moment(text: string | undefined, reference: number): number | null {
  const value = digits(text);
  return value === null ? null : until(value, reference);
}

function until(epoch: number, reference: number): number {
  return Math.max(0, (epoch > EPOCH_MS_FROM ? epoch : epoch * 1_000) - reference);
}

function digits(text: string | undefined): number | null {
  const trimmed = text?.trim() ?? '';
  return /^\d{1,15}(?:\.\d{1,9})?$/.test(trimmed) ? Number(trimmed) : null;
}
