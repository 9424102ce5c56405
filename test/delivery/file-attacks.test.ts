import { testAttacks } from './attack-test.ts';
import { FILE_ATTACKS } from './file-attacks.ts';
import { fileRig } from './file-rig.ts';

testAttacks(fileRig, FILE_ATTACKS);
