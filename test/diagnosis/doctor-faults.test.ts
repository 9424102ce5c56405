import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { doctorPage, faultTable, SAMPLE_HEADING, sampleIn, sectionOf } from './doctor-page.ts';
import { DOCTOR_FAULTS, runDoctorFaults } from './run-doctor-faults.ts';

const PAGE = readFileSync(new URL('../../docs/doctor.md', import.meta.url), 'utf8');

for (const group of DOCTOR_FAULTS) {
  test(`${group.heading.toLowerCase()}, the doctor finds each fault, and nothing once it is mended`, {
    skip: group.skip,
  }, async () => {
    const sightings = await runDoctorFaults(group);
    for (const { fault, red, left } of sightings) {
      assert.ok(red.includes(fault.finds), `${fault.id}: ${fault.finds} is not among ${JSON.stringify(red)}`);
      assert.deepEqual(left, [], `${fault.id}: left once it was mended`);
    }
    // a difference: `node scripts/generate-doctor-page.ts` writes it
    assert.deepEqual(sectionOf(PAGE, group.heading).split('\n'), faultTable(sightings).split('\n'));
    const sample = sampleIn(sightings);
    if (sample !== null) assert.deepEqual(sectionOf(PAGE, SAMPLE_HEADING).split('\n'), sample.split('\n'));
  });
}

test('docs/doctor.md is what the catalogue says, with a section for each group of faults', () => {
  assert.equal(PAGE, doctorPage(new Map(), PAGE));
  const faults = DOCTOR_FAULTS.flatMap((group) => group.faults);
  assert.ok(faults.length >= 20, `only ${faults.length} faults`);
  assert.equal(new Set(faults.map(({ id }) => id)).size, faults.length);
});
