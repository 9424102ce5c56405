import { testAttacks } from './attack-test.ts';
import { GOVERNANCE_ATTACKS } from './governance-attacks.ts';
import { governanceRig } from './governance-rig.ts';

testAttacks(governanceRig, GOVERNANCE_ATTACKS);
