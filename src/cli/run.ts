import type { Readable, Writable } from 'node:stream';
import { CodedError, messageOf } from '../base/coded-error.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

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
  const program = createProgram({
    contextFor: (json) => ({ output: outputFor(json), stdin, cwd, stopped }),
    writeHelp: (text) => void stdout.write(text),
  });
  try {
    return await program.run(argv);
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
