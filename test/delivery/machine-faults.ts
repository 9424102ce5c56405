import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { prepareStateDirectory } from '../../src/daemon/state-directory.ts';
import { eventually } from '../support/daemon-process.ts';
import type { BrokenMachine, Fault, Files } from './fault.ts';
import { failDisk, lockFile, mountAgain, remount, unlockFile } from './small-disk.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Bytes of the database: in its schema, in what was delivered, in what is kept beside it. */
const BIT_PLACES = [1_000, 7_000, 19_000, 31_000, 43_000, 67_000];

const databaseIn = (directory: string): string => join(directory, 'policy.db');
const markIn = (directory: string): string => join(directory, 'mark');

const moveAway: Fault['mend'] = {
  how: 'moving `policy.db` away',
  does: ({ state }) => rmSync(databaseIn(state)),
};

function truncated(share: number): (files: Files) => void {
  return ({ state }) => truncateSync(databaseIn(state), Math.floor(statSync(databaseIn(state)).size * share));
}

function flipBit(path: string, offset: number): void {
  const content = readFileSync(path);
  content[offset] = (content[offset] ?? 0) ^ 0x10;
  writeFileSync(path, content);
}

/** What is found beside the daemon's program when it starts. */
export const STATE_FAULTS: readonly Fault[] = [
  {
    id: 'no-source',
    title: 'a restart with the source out of reach',
    kind: 'acceptance',
    breaks: () => undefined,
    served: 'revision 2',
    says: [],
  },
  {
    id: 'database-empty',
    title: 'the database has no bytes left',
    kind: 'C',
    breaks: truncated(0),
    served: 'deny not_ready',
    says: ['not_ready'],
  },
  {
    id: 'database-half',
    title: 'half of the database is gone',
    kind: 'C',
    breaks: truncated(0.5),
    served: 'does not start',
    says: ['database_corrupt'],
    mend: moveAway,
  },
  {
    id: 'database-header',
    title: 'the first bytes of the database are others',
    kind: 'C',
    breaks: ({ state }) => flipBit(databaseIn(state), 3),
    served: 'does not start',
    says: ['database_corrupt'],
    mend: moveAway,
  },
  {
    id: 'database-bits',
    title: 'one bit of the database is another, at each of 6 places',
    kind: 'C',
    forms: BIT_PLACES.length,
    breaks: ({ state }, form) => flipBit(databaseIn(state), BIT_PLACES[form] ?? 0),
    served: 'deny not_ready, does not start, revision 2',
    says: ['database_corrupt', 'not_ready'],
    mend: moveAway,
  },
  {
    id: 'database-gone',
    title: 'the database is gone',
    kind: 'C',
    breaks: ({ state }) => rmSync(databaseIn(state)),
    served: 'deny not_ready',
    says: ['not_ready'],
  },
  {
    id: 'database-older',
    title: 'an older copy of the database is put in its place',
    kind: 'C',
    breaks: ({ state, older }) => cpSync(databaseIn(older), databaseIn(state)),
    served: 'deny not_ready',
    says: ['not_ready'],
  },
  {
    id: 'mark-gone',
    title: 'the mark is gone',
    kind: 'C',
    breaks: ({ state }) => rmSync(markIn(state)),
    served: 'deny not_ready',
    says: ['not_ready'],
  },
  {
    id: 'mark-cut',
    title: 'the mark breaks off',
    kind: 'C',
    breaks: ({ state }) => truncateSync(markIn(state), 20),
    served: 'deny not_ready',
    says: ['not_ready'],
  },
  {
    id: 'mark-older',
    title: 'an older mark is put in its place',
    kind: 'C',
    breaks: ({ state, older }) => cpSync(markIn(older), markIn(state)),
    served: 'deny not_ready',
    says: ['not_ready'],
  },
  {
    id: 'mark-unwritable',
    title: 'the mark cannot be written when a new revision arrives',
    kind: 'C',
    async happens({ state, syncNext }) {
      mkdirSync(join(state, 'mark.new'));
      await syncNext();
    },
    mend: { how: 'making it writable', does: ({ state }) => rmSync(join(state, 'mark.new'), { recursive: true }) },
    served: 'revision 2',
    says: ['store store'],
  },
  {
    id: 'both-older',
    title: 'both are older, from a backup of the whole directory: nothing is left to tell',
    kind: 'C',
    breaks({ state, older }) {
      rmSync(state, { recursive: true });
      cpSync(older, state, { recursive: true });
    },
    served: 'revision 1',
    says: [],
  },
  {
    id: 'state-gone',
    title: 'the state directory is gone: a first start',
    kind: 'C',
    breaks: ({ state }) => rmSync(state, { recursive: true }),
    served: 'deny no_policy',
    says: ['no_policy'],
  },
  {
    id: 'state-removed',
    title: 'somebody removes the state directory while the daemon runs',
    kind: 'C',
    async happens({ state, place }) {
      rmSync(state, { recursive: true });
      const says = /directory does not exist/;
      await eventually('the daemon to see it', async () =>
        (await place.status()).warnings.some(({ message }) => says.test(message)),
      );
    },
    mend: {
      how: 'a restart, as after a first start',
      async does({ state, restart }) {
        prepareStateDirectory(state);
        await restart();
      },
    },
    served: 'revision 2',
    says: ['policy_thread_lost'],
  },
];

/** What happens to the clock; the source's answers have a time of their own. */
export const CLOCK_FAULTS: readonly Fault[] = [
  {
    id: 'a-day-ahead',
    title: '25 hours pass, or the clock is set forward by them',
    kind: 'G',
    happens: (machine) => aged(machine, 25 * HOUR, 'warn'),
    served: 'revision 2',
    says: ['policy_aging'],
  },
  {
    id: 'a-week-ahead',
    title: '8 days',
    kind: 'G',
    happens: (machine) => aged(machine, 8 * DAY, 'restrict'),
    served: 'revision 2',
    says: ['policy_aging'],
  },
  {
    id: 'a-month-ahead',
    title: '31 days',
    kind: 'G',
    happens: (machine) => aged(machine, 31 * DAY, 'block'),
    served: 'deny policy_stale',
    says: ['policy_stale', 'policy_aging'],
  },
  {
    id: 'suspended',
    title:
      'two hours of sleep, in which the timers stood still and something new was published ' +
      '(`test/delivery/suspend.test.ts` stops a process, too)',
    kind: 'D',
    upToDate: true,
    happens: ({ place, rig, inReach, isNewest }) =>
      inReach(async () => {
        await rig.publish('');
        place.shift(2 * HOUR);
        await eventually('the newer policy', isNewest);
        await place.idle(); // and to have said so
      }),
    served: 'the newest revision',
    says: [],
  },
  {
    id: 'back-while-stale',
    title: '31 days forward, and back again, over a restart',
    kind: 'acceptance',
    secure: true,
    async happens(machine) {
      await aged(machine, 31 * DAY, 'block');
      machine.place.shift(-31 * DAY);
      await machine.restart();
    },
    served: 'deny policy_stale',
    says: ['policy_stale', 'policy_aging'],
  },
  {
    id: 'back-20-days',
    title: 'the clock is set back by 20 days, over a restart',
    kind: 'acceptance',
    async happens({ place, restart }) {
      place.shift(-20 * DAY);
      await restart();
    },
    served: 'revision 2',
    says: [],
  },
];

/** The same where time is signed; a frozen repository can be reached, and never has anything new. */
export const SIGNED_CLOCK_FAULTS: readonly Fault[] = [
  frozen('frozen-day', 'frozen for 25 hours', {
    ms: 25 * HOUR,
    state: 'warn',
    served: 'the newest revision',
    says: ['policy_aging'],
  }),
  frozen('frozen-week', 'frozen for 8 days: the timestamp has expired', {
    ...{ ms: 8 * DAY, state: 'restrict', served: 'the newest revision' },
    says: ['policy_aging', 'verify expired'],
  }),
  frozen('frozen-month', 'frozen for 31 days', {
    ...{ ms: 31 * DAY, state: 'block', served: 'deny policy_stale' },
    says: ['policy_stale', 'policy_aging', 'verify expired'],
  }),
  {
    id: 'signed-back-while-stale',
    title: 'the clock is 31 days ahead, and right again after a restart',
    kind: 'acceptance',
    async happens(machine) {
      await aged(machine, 31 * DAY, 'block');
      machine.place.shift(-31 * DAY);
      await machine.restart();
    },
    served: 'deny policy_stale',
    says: ['policy_stale', 'policy_aging'],
  },
  {
    id: 'signed-back',
    title: 'the clock is set back by 20 days, over a restart, and something new is published',
    kind: 'acceptance',
    async happens({ place, restart, syncNext }) {
      place.shift(-20 * DAY);
      await restart();
      await syncNext();
    },
    mend: { how: 'setting the clock right', does: ({ place }) => place.shift(20 * DAY) },
    served: 'revision 2',
    says: ['verify not_yet_valid'],
  },
];

interface Freeze extends Pick<Fault, 'served' | 'says'> {
  readonly ms: number;
  readonly state: string;
}

function frozen(id: string, title: string, { ms, state, served, says }: Freeze): Fault {
  return {
    ...{ id, title, kind: 'G', served, says, upToDate: true },
    async happens(machine) {
      await machine.syncAgain();
      await machine.place.logged();
      await aged(machine, ms, state);
      await machine.syncAgain();
    },
    mend: { how: 'the publisher signing again', does: ({ pass }) => pass(ms) },
  };
}

/** With the daemon stopped meanwhile. */
function whileStopped(change: (state: string) => void): (machine: BrokenMachine) => Promise<void> {
  return async ({ place, state }) => {
    await place.stop();
    change(state);
    await place.start();
  };
}

/** What happens to the disk; each needs one of its own. */
export const DISK_FAULTS: readonly Fault[] = [
  {
    id: 'disk-full',
    title: 'the disk is full when a new revision arrives',
    kind: 'E',
    ownDisk: 'small',
    async happens({ state, syncNext }) {
      fill(state);
      await syncNext();
    },
    mend: { how: 'making room', does: ({ state }) => rmSync(join(state, 'filler')) },
    served: 'revision 2',
    says: ['store store'],
  },
  {
    id: 'disk-full-start',
    title: 'the disk is full when the daemon starts',
    kind: 'E',
    ownDisk: 'small',
    async happens({ state, restart }) {
      fill(state);
      await restart();
    },
    mend: { how: 'making room', does: ({ state }) => rmSync(join(state, 'filler')) },
    served: 'revision 2',
    says: [],
  },
  {
    id: 'disk-read-only-start',
    title: 'the disk is read-only when the daemon starts',
    kind: 'E',
    ownDisk: 'small',
    happens: whileStopped((state) => remount(state, 'ro')),
    mend: { how: 'making it writable', does: ({ state }) => remount(state, 'rw') },
    served: 'does not start',
    says: ['database_unusable'],
  },
  {
    id: 'database-read-only-start',
    title: 'the database alone is read-only when the daemon starts',
    kind: 'E',
    ownDisk: 'small',
    happens: whileStopped((state) => lockFile(databaseIn(state))),
    mend: { how: 'making it writable', does: ({ state }) => unlockFile(databaseIn(state)) },
    served: 'does not start',
    says: ['database_unusable'],
  },
];

/** The same, with a disk that has a journal. */
export const FAILING_DISK_FAULTS: readonly Fault[] = [
  {
    id: 'disk-read-only',
    title: 'the disk fails and turns read-only while the daemon runs, and a new revision arrives',
    kind: 'E',
    ownDisk: 'journaled',
    async happens({ state, syncNext }) {
      failDisk(state);
      await syncNext();
    },
    mend: {
      how: 'mounting it again, a restart',
      does: whileStopped(mountAgain),
    },
    served: 'revision 2',
    says: ['store store'],
  },
];

async function aged({ place }: BrokenMachine, ms: number, state: string): Promise<void> {
  place.shift(ms);
  await eventually(`the policy to be ${state}`, async () => (await place.status()).staleness.state === state);
}

/** Until not one byte more has room. */
function fill(directory: string): void {
  for (const size of [65_536, 4_096, 512, 1]) {
    try {
      for (;;) appendFileSync(join(directory, 'filler'), Buffer.alloc(size));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
}
