// Writes docs/attacks.md from what attacks on running daemons led to. Run it after changing one, or what comes of it;
// tests compare the page with what they see. What takes minutes, as the kill loop does, writes its own section.
import { readFileSync, writeFileSync } from 'node:fs';
import { attackSection, withSection } from '../test/delivery/attack-document.ts';
import { GOVERNANCE_ATTACKS } from '../test/delivery/governance-attacks.ts';
import { governanceRig } from '../test/delivery/governance-rig.ts';
import { runAttacks } from '../test/delivery/run-attacks.ts';

const PAGE = new URL('../docs/attacks.md', import.meta.url);

const sections = [attackSection(await runAttacks(governanceRig, GOVERNANCE_ATTACKS))];
writeFileSync(PAGE, sections.reduce(withSection, readFileSync(PAGE, 'utf8')));
