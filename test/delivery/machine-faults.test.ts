import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { differences, faultSection } from './attack-document.ts';
import { FAULT_GROUPS } from './fault-groups.ts';
import { type FaultResult, runGroups } from './run-faults.ts';

const PAGE = new URL('../../docs/attacks.md', import.meta.url);

let running: Promise<readonly FaultResult[]> | null = null;

function results(): Promise<readonly FaultResult[]> {
  return (running ??= runGroups(FAULT_GROUPS));
}

for (const { heading, faults, skip } of FAULT_GROUPS) {
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
