import { CliError } from './cli-error.ts';
import { type CommandInput, type OptionSpec, textOption } from './command.ts';

/** Longer than this a lost root could not be told from a quiet year. */
const MOST_DAYS = 825;

export const DAYS_OPTION: OptionSpec = { flags: '--days <count>', description: 'days until it expires (default: 365)' };

export function daysOption(input: CommandInput): number | undefined {
  return wholeOption(input, 'days', '--days', MOST_DAYS);
}

/** A count from 1 on. */
export function wholeOption(input: CommandInput, name: string, flags: string, most = 100): number | undefined {
  const text = textOption(input, name);
  if (text === undefined) return undefined;
  const value = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new CliError('usage', `${flags} must be a whole number from 1 to ${most}`);
}
