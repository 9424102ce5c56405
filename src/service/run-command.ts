import { execFile } from 'node:child_process';

export interface Ran {
  /** null = it could not be started, or was ended by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one program to its end, without a shell. Never rejects. */
export type RunCommand = (argv: readonly string[]) => Promise<Ran>;

/** A service may take two minutes to start (`TimeoutStartSec`), and whoever starts it waits for that. */
const DEADLINE_MS = 180_000;
const MAX_OUTPUT_BYTES = 1_048_576;

export const runCommand: RunCommand = ([program = '', ...args]) =>
  new Promise((resolve) => {
    execFile(program, args, { timeout: DEADLINE_MS, maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr });
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
      else resolve({ code: null, stdout, stderr: stderr === '' ? error.message : stderr });
    });
  });
