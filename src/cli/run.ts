import type { Readable, Writable } from 'node:stream';
import { CodedError, messageOf } from '../base/coded-error.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import type { CliContext } from './command.ts';
import { daemon } from './commands/daemon.ts';
import { Output } from './output.ts';

/** The process as a command line sees it. */
export interface CliProcess {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly cwd: string;
  readonly colour: { readonly stdout: boolean; readonly stderr: boolean };
  /** Stands by for SIGINT or SIGTERM; resolves with the first. */
  readonly stopped: () => Promise<string>;
}

/** Runs one command line. Never rejects: what went wrong is on standard error and in the exit code. */
export async function runCommandLine(argv: readonly string[], process: CliProcess): Promise<ExitCode> {
  const { stdin, stdout, stderr, cwd, colour, stopped } = process;
  const outputFor = (json: boolean): Output => new Output({ stdout, stderr, json, colour: colour.stdout });
  const contextFor = (json: boolean): CliContext => ({ output: outputFor(json), stdin, cwd, stopped });
  try {
    const config = plainDaemonConfig(argv);
    // as a service manager starts it: 35 ms sooner without the table of all commands
    if (config !== null) return await daemon.run(contextFor(false), { args: [], options: { config } });
    const { createProgram } = await import('./program.ts');
    return await createProgram({ contextFor, writeHelp: (text) => void stdout.write(text) }).run(argv);
  } catch (error) {
    const output = new Output({ stdout, stderr, json: false, colour: colour.stderr });
    if (error instanceof CliError) {
      output.error(error.message, error.hints);
      return error.exitCode;
    }
    output.error(error instanceof CodedError ? error.message : `internal error: ${messageOf(error)}`, []);
    return 1;
  }
}

/** The file of exactly `daemon --config FILE`; null for every other command line, which is not looked at here. */
function plainDaemonConfig([command, option, file, ...rest]: readonly string[]): string | null {
  if (command !== 'daemon' || option !== '--config' || rest.length > 0) return null;
  // what looks like an option is for the parser to refuse
  return file === undefined || file.startsWith('-') ? null : file;
}
