import type { Rig } from './attack.ts';
import type { Fault } from './fault.ts';
import { governanceRig } from './governance-rig.ts';
import { CLOCK_FAULTS, DISK_FAULTS, FAILING_DISK_FAULTS, SIGNED_CLOCK_FAULTS, STATE_FAULTS } from './machine-faults.ts';
import { noJournaledDisk, noSmallDisk } from './small-disk.ts';
import { tufRig } from './tuf-rig.ts';

/** Faults that share a section of the page. */
export interface FaultGroup {
  readonly heading: string;
  readonly kind: Rig;
  readonly faults: readonly Fault[];
  /** Why they cannot be tried on this machine. */
  readonly skip: string | false;
}

export const FAULT_GROUPS: readonly FaultGroup[] = [
  { heading: 'The state directory', kind: tufRig, faults: STATE_FAULTS, skip: false },
  { heading: 'The clock, source `governance`', kind: governanceRig, faults: CLOCK_FAULTS, skip: false },
  { heading: 'The clock, source `tuf`', kind: tufRig, faults: SIGNED_CLOCK_FAULTS, skip: false },
  { heading: 'The disk', kind: tufRig, faults: DISK_FAULTS, skip: noSmallDisk() },
  { heading: 'A failing disk', kind: tufRig, faults: FAILING_DISK_FAULTS, skip: noJournaledDisk() },
];
