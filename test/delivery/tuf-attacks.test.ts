import { testAttacks } from './attack-test.ts';
import { TUF_ATTACKS } from './tuf-attacks.ts';
import { tufRig } from './tuf-rig.ts';

testAttacks(tufRig, TUF_ATTACKS);
