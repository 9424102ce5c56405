import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { noteEvent } from '../audit/note-event.ts';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { type KnownPolicy, knownPolicy, MARK, POLICY_DATABASE, removePolicyState } from '../store/policy-state.ts';
import { CliError } from './cli-error.ts';

/** What a reset has done. */
export interface ResetReport extends KnownPolicy {
  /** `nothing`: there was no state. */
  readonly by: 'daemon' | 'files' | 'nothing';
  readonly audited: boolean;
}

/** Asks a running daemon to reset itself; null = none answers. */
export type AskDaemon = () => Promise<ResetReport | null>;

/** A daemon that starts at this very moment answers within this time. */
const STARTING_MS = 10_000;
const ASK_EVERY_MS = 200;

/** Resets a state directory that no daemon answers for; one that has started meanwhile resets itself. */
export async function resetOffline(directory: string, askDaemon: AskDaemon): Promise<ResetReport> {
  const state = ownDirectory(directory);
  if (state === null) return { by: 'nothing', org: null, revision: null, governed: [], audited: false };
  const known = knownPolicy(state);
  try {
    await removePolicyState(state);
  } catch (error) {
    throw new CliError('failed', `the state in ${shown(state)} cannot be removed: ${messageOf(error)}`);
  }
  note(state, known);
  // one that had opened the files before they went notices that by itself, within a second
  if ([POLICY_DATABASE, MARK].some((name) => existsSync(join(state, name)))) await resetStarted(askDaemon);
  return { by: 'files', ...known, audited: true };
}

async function resetStarted(askDaemon: AskDaemon): Promise<void> {
  const end = performance.now() + STARTING_MS;
  while ((await askDaemon()) === null) {
    if (performance.now() > end) {
      const message = 'something began to use the state meanwhile, and no daemon answers';
      throw new CliError('failed', message, 'run this again once the daemon answers, or stop it first');
    }
    await sleep(ASK_EVERY_MS);
  }
}

/** The directory itself, if it is this user's own; null = there is none. */
function ownDirectory(path: string): string | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isDirectory()) throw new CliError('failed', `${shown(path)} is no directory`);
  // in somebody else's directory a link could lead anywhere
  if (found.uid === process.geteuid?.()) return realpathSync(path);
  const hint = found.uid === 0 ? 'use sudo' : `run this as that user: \`sudo -u '#${found.uid}' reeve reset …\``;
  throw new CliError('failed', `${shown(path)} belongs to uid ${found.uid}`, hint);
}

function note(directory: string, { org, revision, governed }: KnownPolicy): void {
  const who = { uid: process.getuid?.() ?? null, pid: process.pid };
  const log = join(directory, 'log.db');
  try {
    noteEvent(log, { event: 'reset', org, revision, governed, ...who }, Date.now());
  } catch (error) {
    const message = `the state is reset, and the log cannot take the entry: ${messageOf(error)}`;
    throw new CliError('failed', message, `${shown(log)} is as it was: move it away if it cannot be repaired`);
  }
}
