#!/usr/bin/env node
import { constants } from 'node:os';
import { nodeTrouble } from './node-version.ts';

const { stdout, stderr, stdin } = process;
// no-color.org: any value but an empty one
const plain = (process.env['NO_COLOR'] ?? '') !== '';

const trouble = nodeTrouble(process.versions.node);
if (trouble !== null) {
  stderr.write(`reeve: ${trouble}\n`);
  process.exit(1);
}

// the reader of a pipe has seen enough (`reeve rules ls | head`)
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

/** As a shell says it: 128 and the number of the signal. */
const endBy = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A process that a signal ends by itself undoes nothing, so it is not left to do that while there is something. */
function beforeEnd(undo: () => void): () => void {
  for (const signal of ENDINGS) process.on(signal, endBy);
  process.once('exit', undo);
  return () => {
    process.off('exit', undo);
    // the same listener once for each time that it was added
    for (const signal of ENDINGS) process.off(signal, endBy);
  };
}

// not before the version is known: an older Node.js may fail at what these modules use
const { runCommandLine } = await import('./run.ts');
const exitCode = await runCommandLine(process.argv.slice(2), {
  stdin,
  stdout,
  stderr,
  cwd: process.cwd(),
  colour: { stdout: stdout.isTTY && !plain, stderr: stderr.isTTY && !plain },
  stopped: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
    }),
  beforeEnd,
  invoker: process.env['SUDO_USER'] ?? process.env['DOAS_USER'] ?? null,
});

// process.exit cuts a pipe short that has not taken everything yet
if (!stdout.destroyed && stdout.writableLength > 0)
  await new Promise<void>((resolve) => stdout.write('', () => resolve()));
process.exit(exitCode);
