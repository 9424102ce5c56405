import { CodedError } from '../base/coded-error.ts';

/** 0 ok, 1 failed, 2 wrong usage, 3 denied (`reeve check`) or decided otherwise (`reeve diff`), 4 daemon unavailable. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;

export type CliErrorCode = 'failed' | 'usage' | 'unavailable';

const EXIT_CODES: Readonly<Record<CliErrorCode, ExitCode>> = { failed: 1, usage: 2, unavailable: 4 };

/** What stops a command; `hints` say what to do next, one line each. */
export class CliError extends CodedError<CliErrorCode> {
  readonly hints: readonly string[];

  constructor(code: CliErrorCode, message: string, ...hints: readonly string[]) {
    super(code, message);
    this.hints = hints;
  }

  get exitCode(): ExitCode {
    return EXIT_CODES[this.code];
  }
}

/** The daemon of a socket did not answer. */
export function daemonUnavailable(message: string): CliError {
  return new CliError(
    'unavailable',
    message,
    'start the daemon: `reeve service install`, or `reeve daemon --config FILE`; without a configuration `reeve init` first',
    'a daemon with other sockets is asked with `--socket PATH`',
  );
}
