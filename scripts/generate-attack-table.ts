// Writes docs/attacks.md from what attacks on running daemons led to. Run it after changing one, or what comes of it;
// tests compare the page with what they see. What takes minutes, as the kill loop does, writes its own section.
import { readFileSync, writeFileSync } from 'node:fs';
import {
  attackSection,
  FAULT_HEADINGS,
  faultSection,
  type Section,
  withSection,
} from '../test/delivery/attack-document.ts';
import { GOVERNANCE_ATTACKS } from '../test/delivery/governance-attacks.ts';
import { governanceRig } from '../test/delivery/governance-rig.ts';
import { CLOCK_FAULTS, DISK_FAULTS, STATE_FAULTS } from '../test/delivery/machine-faults.ts';
import { runAttacks } from '../test/delivery/run-attacks.ts';
import { runFaults } from '../test/delivery/run-faults.ts';
import { noSmallDisk } from '../test/delivery/small-disk.ts';
import { TUF_ATTACKS } from '../test/delivery/tuf-attacks.ts';
import { tufRig } from '../test/delivery/tuf-rig.ts';

const PAGE = new URL('../docs/attacks.md', import.meta.url);

const noDisk = noSmallDisk();
if (noDisk !== false) console.warn(`"${FAULT_HEADINGS.disk}" stays as it is: ${noDisk}`);
const parts = [
  { heading: FAULT_HEADINGS.state, faults: STATE_FAULTS },
  { heading: FAULT_HEADINGS.clock, faults: CLOCK_FAULTS },
  { heading: FAULT_HEADINGS.disk, faults: noDisk === false ? DISK_FAULTS : [] },
].filter(({ faults }) => faults.length > 0);
const attacks: Section[] = [];
for (const [rig, list] of [
  [governanceRig, GOVERNANCE_ATTACKS],
  [tufRig, TUF_ATTACKS],
] as const) {
  attacks.push(attackSection(await runAttacks(rig, list)));
}
const all = await runFaults(
  governanceRig,
  parts.flatMap(({ faults }) => faults),
);
const sections: readonly Section[] = [
  ...attacks,
  ...parts.map(({ heading, faults }) =>
    faultSection(
      heading,
      all.filter(({ fault }) => faults.includes(fault)),
    ),
  ),
];
writeFileSync(PAGE, sections.reduce(withSection, readFileSync(PAGE, 'utf8')));
