import { CliError } from './cli-error.ts';

const DURATION = /^([1-9]\d{0,8})([smhd])$/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90s`, `15m`, `2h`, `7d` in milliseconds. */
export function durationMs(flags: string, text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined)
    throw new CliError('usage', `${flags} must be a duration such as \`90s\`, \`15m\` or \`1h\``);
  return Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
