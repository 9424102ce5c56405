// Writes docs/attacks.md from what attacks on running daemons led to. Run it after changing one, or what comes of it;
// tests compare the page with what they see. What takes minutes, as the kill loop does, writes its own section.
import { readFileSync, writeFileSync } from 'node:fs';
import {
  acceptanceSection,
  attackSection,
  faultSection,
  judgementSection,
  type Section,
  withSection,
} from '../test/delivery/attack-document.ts';
import { FAULT_GROUPS } from '../test/delivery/fault-groups.ts';
import { FILE_ATTACKS } from '../test/delivery/file-attacks.ts';
import { fileRig } from '../test/delivery/file-rig.ts';
import { GOVERNANCE_ATTACKS } from '../test/delivery/governance-attacks.ts';
import { governanceRig } from '../test/delivery/governance-rig.ts';
import { runAttacks } from '../test/delivery/run-attacks.ts';
import { runGroups } from '../test/delivery/run-faults.ts';
import { TUF_ATTACKS } from '../test/delivery/tuf-attacks.ts';
import { tufRig } from '../test/delivery/tuf-rig.ts';

const PAGE = new URL('../docs/attacks.md', import.meta.url);

const sections: Section[] = [acceptanceSection(), judgementSection()];
for (const [rig, list] of [
  [governanceRig, GOVERNANCE_ATTACKS],
  [tufRig, TUF_ATTACKS],
  [fileRig, FILE_ATTACKS],
] as const) {
  sections.push(attackSection(await runAttacks(rig, list)));
}
const seen = await runGroups(FAULT_GROUPS);
for (const { heading, faults, skip } of FAULT_GROUPS) {
  if (skip !== false) console.warn(`"${heading}" stays as it is: ${skip}`);
  else
    sections.push(
      faultSection(
        heading,
        seen.filter(({ fault }) => faults.includes(fault)),
      ),
    );
}
writeFileSync(PAGE, sections.reduce(withSection, readFileSync(PAGE, 'utf8')));
