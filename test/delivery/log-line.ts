import type { LogLine } from './stand.ts';

/** What stands in the log of every start is no news, nor is what a tick of the clock may or may not have met. */
export function isNews({ level, event, msg }: LogLine): boolean {
  return (level > 30 && !msg.startsWith('looking for changes')) || event !== undefined;
}

/** A line of the log as the tables show it. */
export function lineOf({ level, msg, stage, code, event, err, message }: LogLine): string {
  const word = level >= 50 ? 'error' : level >= 40 ? 'warn' : 'info';
  const said = code === undefined ? (event ?? err?.code ?? message) : `${stage ?? ''} ${code}`.trim();
  return `${word}: ${msg}${said === undefined ? '' : ` (${generic(said)})`}`;
}

/** Without what is another one each time. */
export function generic(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{64}/g, '…')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
    .replaceAll(/[`']?\/tmp\/[^\s`']*\/([^/`'\s]+)[`']?/g, '`$1`');
}
