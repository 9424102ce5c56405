import { constants, type Stats } from 'node:fs';
import { lstat, open, realpath, stat } from 'node:fs/promises';

/** Names a directory and asks for nothing in it: one that may be entered and not listed is a step too. */
const O_PATH = 0o10000000;
const DIRECTORY = constants.O_DIRECTORY | O_PATH;
/** Where the kernel shows what this process holds open; null where it does not. */
const HELD = '/proc/self/fd';

/** One directory on the way from a home down to what is read. */
export interface HomeStep {
  /** Where it really is. */
  readonly real: string;
  /** By which it is reached: what was looked at, where the kernel can hold it. */
  readonly path: string;
  readonly stats: Stats;
  /** Whether the path still leads to what was looked at. */
  holds(): Promise<boolean>;
  close(): Promise<void>;
}

/** Rejects with the error of the system call; ENOTDIR where something else is there, a link below the home included. */
export interface StepOpener {
  home(home: string): Promise<HomeStep>;
  below(step: HomeStep, name: string): Promise<HomeStep>;
}

/** Steps that are held open where there is a /proc, so that nobody exchanges them in between; else looked at twice. */
export async function stepOpener(): Promise<StepOpener> {
  const held = process.platform === 'linux' && (await stat(HELD).catch(() => null)) !== null;
  return held ? HELD_STEPS : SEEN_STEPS;
}

const HELD_STEPS: StepOpener = {
  home: async (home) => heldStep(home, await realpath(home), DIRECTORY),
  below: (step, name) => heldStep(`${step.path}/${name}`, `${step.real}/${name}`, DIRECTORY | constants.O_NOFOLLOW),
};

async function heldStep(from: string, real: string, flags: number): Promise<HomeStep> {
  const handle = await open(from, flags);
  // what was opened is what is read: nothing to ask again
  const step = { real, path: `${HELD}/${handle.fd}`, holds: () => Promise.resolve(true), close: () => handle.close() };
  try {
    return { ...step, stats: await handle.stat() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** For a system without /proc: whoever exchanges a step while it is read is found out afterwards. */
export const SEEN_STEPS: StepOpener = {
  home: async (home) => seenStep(await realpath(home)),
  below: (step, name) => seenStep(`${step.path}/${name}`),
};

async function seenStep(path: string): Promise<HomeStep> {
  const stats = await lstat(path);
  if (!stats.isDirectory()) throw Object.assign(new Error(`${path} is no directory`), { code: 'ENOTDIR' });
  return {
    ...{ real: path, path, stats },
    async holds() {
      const now = await lstat(path).catch(() => null);
      return now !== null && now.dev === stats.dev && now.ino === stats.ino;
    },
    close: () => Promise.resolve(),
  };
}
