import type { Readable, Writable } from 'node:stream';
import { CodedError, messageOf } from '../base/coded-error.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import type { CliContext, CommandInput } from './command.ts';
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
  /** Has something undone when the process ends, also by SIGINT, SIGTERM or SIGHUP, until what it returns is called. */
  readonly beforeEnd: (undo: () => void) => () => void;
  /** Whose command this is under sudo, as it says; null = nobody else's. */
  readonly invoker: string | null;
}

/** Runs one command line. Never rejects: what went wrong is on standard error and in the exit code. */
export async function runCommandLine(argv: readonly string[], process: CliProcess): Promise<ExitCode> {
  const { stdin, stdout, stderr, cwd, colour, stopped, beforeEnd, invoker } = process;
  const outputFor = (json: boolean): Output => new Output({ stdout, stderr, json, colour: colour.stdout });
  const contextFor = (json: boolean): CliContext => ({
    ...{ output: outputFor(json), stdin, cwd, stopped, beforeEnd, invoker },
  });
  try {
    const options = plainDaemonOptions(argv);
    // as a service manager starts it: 35 ms sooner without the table of all commands
    if (options !== null) return await daemon.run(contextFor(false), { args: [], options });
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

/** The options of exactly `daemon [--system] --config FILE`; null for every other command line, which is not looked at here. */
function plainDaemonOptions([command, ...words]: readonly string[]): CommandInput['options'] | null {
  const system = words[0] === '--system';
  const [option, config, ...rest] = system ? words.slice(1) : words;
  if (command !== 'daemon' || option !== '--config' || rest.length > 0) return null;
  // what looks like an option is for the parser to refuse
  return config === undefined || config.startsWith('-') ? null : { config, system };
}
