import { type Logger as PinoLogger, pino } from 'pino';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { ConfigError } from './config/config-error.ts';
import type { LogConfig } from './config/daemon-config.ts';
import { LogDestination, type LogPlace } from './log-destination.ts';
import { closeLogFile, type OpenLog, openLogFile, openLogFileSync } from './log-file.ts';

export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'flush'>;

/** Another log that is ready to be written to: one of the two is called. */
export interface PreparedLog {
  readonly use: () => void;
  readonly discard: () => void;
}

/** The daemon's own, whose configuration may change. */
export interface DaemonLogger extends Logger {
  /**
   * Opens the file anew, also where the setting is the same: it may have been put aside. Rejects with a `ConfigError`
   * where that fails, and nothing has changed.
   */
  prepare(config: LogConfig): Promise<PreparedLog>;
}

/** Members that could hold a secret; whatever is put there by mistake is not written. */
const SECRETS = ['secret', 'password', 'token', 'access_token', 'authorization', 'credential'];

const STANDARD_ERROR: LogPlace = { kind: 'stream', fd: 2 };

/** JSON lines to standard error or a file. Throws a `ConfigError` for a file that cannot be opened. */
export function createLogger(config: LogConfig): DaemonLogger {
  // pino's own destination waits for ever, at the end of the process, on a disk that is full
  const destination = new LogDestination(firstPlace(config));
  const logger = pino(
    {
      level: config.level,
      base: { name: 'reeve', pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: [...SECRETS, ...SECRETS.map((name) => `*.${name}`)], censor: '[secret]' },
    },
    destination,
  );
  const prepare = async (next: LogConfig): Promise<PreparedLog> => {
    const place = await nextPlace(next);
    return {
      use: () => {
        logger.level = next.level;
        destination.redirect(place);
      },
      discard: () => {
        if (place.kind === 'file') closeLogFile(place.file);
      },
    };
  };
  return Object.assign(logger, { prepare });
}

function firstPlace({ file, rotation }: LogConfig): LogPlace {
  if (file === null) return STANDARD_ERROR;
  try {
    return { kind: 'file', file: openLogFileSync(file), rotation: rotation ?? null };
  } catch (error) {
    throw unusable(file, error);
  }
}

async function nextPlace({ file, rotation }: LogConfig): Promise<LogPlace> {
  if (file === null) return STANDARD_ERROR;
  const opened: OpenLog = await openLogFile(file).catch((error: unknown) => {
    throw unusable(file, error);
  });
  return { kind: 'file', file: opened, rotation: rotation ?? null };
}

function unusable(file: string, error: unknown): ConfigError {
  const message = `cannot open the log ${shown(file)} (\`log.destination\`): ${messageOf(error)}`;
  return new ConfigError('log_unusable', message, { cause: error });
}
