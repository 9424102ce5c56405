// Writes docs/doctor.md from the doctor's catalogue and from what it says about machines to which something is done. Run
// it after changing one of them; a test compares the page with what it sees.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { doctorPage } from '../test/diagnosis/doctor-page.ts';
import {
  DOCTOR_FAULTS,
  type DoctorFaultGroup,
  type DoctorSighting,
  runDoctorFaults,
} from '../test/diagnosis/run-doctor-faults.ts';

const PAGE = new URL('../docs/doctor.md', import.meta.url);

const seen = new Map<DoctorFaultGroup, readonly DoctorSighting[]>();
for (const group of DOCTOR_FAULTS) {
  if (group.skip !== false) console.warn(`"${group.heading}" stays as it is: ${group.skip}`);
  else seen.set(group, await runDoctorFaults(group));
}
for (const { fault, red, left } of [...seen.values()].flat()) {
  if (!red.includes(fault.finds)) console.warn(`${fault.id}: ${fault.finds} is not among ${red.join(', ')}`);
  if (left.length > 0) console.warn(`${fault.id}: left once it was mended: ${left.join(', ')}`);
}
writeFileSync(PAGE, doctorPage(seen, existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''));
