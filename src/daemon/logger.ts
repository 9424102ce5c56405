import { type Logger as PinoLogger, pino } from 'pino';
import type { LogConfig } from './daemon-config.ts';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'flush'>;

/** Members that could hold a secret; whatever is put there by mistake is not written. */
const SECRETS = ['secret', 'password', 'token', 'access_token', 'authorization', 'credential'];

/** JSON lines to standard error or a file, written off the caller's path; what the disk cannot take is dropped. */
export function createLogger(config: LogConfig): Logger {
  const destination = pino.destination({
    dest: config.file ?? 2,
    sync: false,
    minLength: 0,
    maxLength: MAX_QUEUED_BYTES,
    mkdir: false,
    mode: 0o600,
  });
  // A log that cannot be written must not take the daemon with it; decisions go on.
  destination.on('error', () => undefined);
  return pino(
    {
      level: config.level,
      base: { name: 'reeve', pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...SECRETS, ...SECRETS.map((name) => `*.${name}`)], censor: '[secret]' },
    },
    destination,
  );
}

/** The bound of the log's queue in memory. */
const MAX_QUEUED_BYTES = 1_048_576;
