import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { differences, FAULT_HEADINGS, faultSection } from './attack-document.ts';
import type { Fault } from './fault.ts';
import { governanceRig } from './governance-rig.ts';
import { CLOCK_FAULTS, DISK_FAULTS, STATE_FAULTS } from './machine-faults.ts';
import { type FaultResult, runFaults } from './run-faults.ts';
import { noSmallDisk } from './small-disk.ts';

const PAGE = new URL('../../docs/attacks.md', import.meta.url);

const noDisk = noSmallDisk();
let running: Promise<readonly FaultResult[]> | null = null;

/** All in one run: they share what a stopped daemon leaves behind. */
function results(): Promise<readonly FaultResult[]> {
  const possible = [...STATE_FAULTS, ...CLOCK_FAULTS, ...(noDisk === false ? DISK_FAULTS : [])];
  return (running ??= runFaults(governanceRig, possible));
}

function testFaults(heading: string, faults: readonly Fault[], skip: string | false = false): void {
  for (const fault of faults) {
    test(`${fault.id}: ${fault.title}`, { skip }, async () => {
      const seen = (await results()).find((result) => result.fault === fault)?.seen;
      assert.equal(seen?.served, fault.served, seen?.message);
      assert.deepEqual(seen.says, fault.says, seen.message);
      assert.ok(seen.healed, 'the newest revision does not serve');
    });
  }
  test(`docs/attacks.md shows what was seen below "${heading}"`, { skip }, async () => {
    const seen = (await results()).filter(({ fault }) => faults.includes(fault));
    // a difference: `node scripts/generate-attack-table.ts` writes what is seen
    assert.deepEqual(differences(readFileSync(PAGE, 'utf8'), faultSection(heading, seen)), []);
  });
}

testFaults(FAULT_HEADINGS.state, STATE_FAULTS);
testFaults(FAULT_HEADINGS.clock, CLOCK_FAULTS);
testFaults(FAULT_HEADINGS.disk, DISK_FAULTS, noDisk);
