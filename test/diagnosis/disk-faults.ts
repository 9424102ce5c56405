import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { remount } from '../delivery/small-disk.ts';
import { eventually } from '../support/daemon-process.ts';
import type { DoctorFault } from './doctor-fault.ts';

export const DISK_MEGABYTES = 48;

/** Until not one byte more has room. */
function fill(path: string): void {
  for (const size of [65_536, 4_096, 512, 1]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
}

/** Each needs a disk of its own, which is as small as it is. */
export const DISK_FAULTS: readonly DoctorFault[] = [
  {
    id: 'disk-read-only',
    title: 'the disk of the state is read-only',
    finds: 'state_unwritable',
    async does({ place }) {
      // what is open for writing keeps it writable
      await place.stop();
      remount(place.state, 'ro');
      return async () => {
        remount(place.state, 'rw');
        await place.start();
        await place.idle();
      };
    },
  },
  {
    id: 'disk-full',
    title: 'the disk of the state is nearly full',
    finds: 'disk_full',
    does({ place }) {
      const filler = join(place.state, 'filler');
      writeFileSync(filler, Buffer.alloc((DISK_MEGABYTES - 8) * 1024 ** 2));
      return () => rmSync(filler);
    },
  },
  {
    id: 'log-disk-full',
    title: 'the disk is full, and no decision can be kept',
    finds: 'log_troubled',
    async does({ place }) {
      const filler = join(place.state, 'filler');
      fill(filler);
      const troubled = async (): Promise<boolean> => {
        await place.ask('a.example');
        return (await place.status()).decision_log?.last_error !== null;
      };
      await eventually('the log to be in trouble', troubled);
      return async () => {
        rmSync(filler);
        // it would try again by itself, later each time
        await place.stop();
        await place.start();
        await place.idle();
      };
    },
  },
];
