import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { remount } from '../delivery/small-disk.ts';
import type { DoctorFault } from './doctor-fault.ts';

export const DISK_MEGABYTES = 48;

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
];
