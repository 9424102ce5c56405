#!/usr/bin/env node
import { CodedError, messageOf } from '../base/coded-error.ts';
import { CliError, type ExitCode } from './cli-error.ts';
import type { CliContext } from './command.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

const { stdout, stderr, stdin } = process;

function outputFor(json: boolean, terminal: boolean): Output {
  // no-color.org: any value but an empty one
  const plain = (process.env['NO_COLOR'] ?? '') !== '';
  return new Output({ stdout, stderr, json, colour: terminal && !plain });
}

function contextFor(json: boolean): CliContext {
  return {
    output: outputFor(json, stdout.isTTY),
    stdin,
    cwd: process.cwd(),
    stopped: () =>
      new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
      }),
  };
}

/** Waits until standard output has taken everything: `process.exit` would cut a pipe short. */
function flushed(): Promise<void> {
  return new Promise((resolve) => {
    if (stdout.destroyed || stdout.writableLength === 0) resolve();
    else stdout.write('', () => resolve());
  });
}

async function main(argv: readonly string[]): Promise<ExitCode> {
  try {
    return await createProgram(contextFor).run(argv);
  } catch (error) {
    const output = outputFor(false, stderr.isTTY);
    if (error instanceof CliError) {
      output.error(error.message, error.hints);
      return error.exitCode;
    }
    output.error(error instanceof CodedError ? error.message : `internal error: ${messageOf(error)}`, []);
    return 1;
  }
}

// the reader of a pipe has seen enough (`reeve rules ls | head`)
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const code = await main(process.argv.slice(2));
await flushed();
process.exit(code);
