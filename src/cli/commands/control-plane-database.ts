import { existsSync } from 'node:fs';
import type { Database } from '../../store/database.ts';
import { CliError } from '../cli-error.ts';
import { type CommandInput, type OptionSpec, textOption } from '../command.ts';

export const DATABASE_OPTION: OptionSpec = {
  flags: '--database <file>',
  description: 'SQLite file of the control plane; made if it is not there',
  mandatory: true,
};

/** Of a command that only looks or takes away: a mistyped name must not become an empty database. */
export const EXISTING_DATABASE_OPTION: OptionSpec = {
  flags: '--database <file>',
  description: 'SQLite file of the control plane',
  mandatory: true,
};

export const ORG_OPTION: OptionSpec = { flags: '--org <name>', description: 'organisation', mandatory: true };

/** A mandatory option; commander has already refused a command line without it. */
export function required(input: CommandInput, name: string): string {
  const value = textOption(input, name);
  if (value === undefined) throw new CliError('usage', `--${name} is missing`);
  return value;
}

/** As `withDatabase`, with a database that is there. */
export async function withExistingDatabase<T>(
  input: CommandInput,
  use: (database: Database) => T | Promise<T>,
): Promise<T> {
  const path = required(input, 'database');
  if (existsSync(path)) return withDatabase(input, use);
  const hint = '`reeve control-plane start` and `credential create` make the database that they name';
  throw new CliError('failed', `there is no \`${path}\``, hint);
}

/** Runs `use` with the control plane's database, beside a running server or without one. */
export async function withDatabase<T>(input: CommandInput, use: (database: Database) => T | Promise<T>): Promise<T> {
  const { openControlPlaneDatabase } = await import('../../control-plane/store/open.ts');
  const database = openControlPlaneDatabase(required(input, 'database'));
  try {
    return await use(database);
  } finally {
    database.close();
  }
}
