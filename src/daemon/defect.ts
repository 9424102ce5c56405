import { writeSync } from 'node:fs';
import { messageOf } from '../base/coded-error.ts';
import type { Logger } from './logger.ts';

/**
 * Unlike 1, which says that a start failed and would fail again: a defect of the program, behind which a service manager
 * does well to start it anew (sysexits.h, EX_SOFTWARE).
 */
const DEFECT = 70;
const LAST_WORDS_MS = 500;

/** From here on an exception that nobody catches ends the process with an exit code of its own, and is logged. */
export function endOnDefect(log: Logger, logsToFile: boolean): void {
  process.on('uncaughtException', (error) => {
    // without it a second one, thrown while the first is written, would wait for ever
    setTimeout(end, LAST_WORDS_MS);
    if (logsToFile) writeSync(2, `reeve: a defect ends the daemon: ${messageOf(error)}\n`);
    log.error({ err: error }, 'a defect ends the daemon');
    log.flush(end);
  });
}

function end(): never {
  process.exit(DEFECT);
}
