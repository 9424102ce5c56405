import { openSync } from 'node:fs';
import { type Logger as PinoLogger, pino } from 'pino';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { ConfigError } from './config-error.ts';
import type { LogConfig } from './daemon-config.ts';
import { LogDestination } from './log-destination.ts';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'flush'>;

/** Members that could hold a secret; whatever is put there by mistake is not written. */
const SECRETS = ['secret', 'password', 'token', 'access_token', 'authorization', 'credential'];

/** JSON lines to standard error or a file. Throws a `ConfigError` for a file that cannot be opened. */
export function createLogger(config: LogConfig): Logger {
  return pino(
    {
      level: config.level,
      base: { name: 'reeve', pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...SECRETS, ...SECRETS.map((name) => `*.${name}`)], censor: '[secret]' },
    },
    // pino's own destination waits for ever, at the end of the process, on a disk that is full
    new LogDestination(config.file === null ? 2 : openLog(config.file)),
  );
}

function openLog(file: string): number {
  try {
    return openSync(file, 'a', 0o600);
  } catch (error) {
    const message = `cannot open the log ${shown(file)} (\`log.destination\`): ${messageOf(error)}`;
    throw new ConfigError('log_unusable', message, { cause: error });
  }
}
