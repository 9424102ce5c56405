import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Attack, AttackResult, Rig, Sighting } from './attack.ts';
import { attackSection, differences } from './attack-document.ts';
import { runAttacks } from './run-attacks.ts';

const PAGE = new URL('../../docs/attacks.md', import.meta.url);
/** Beyond a slow one's own deadlines. */
const PATIENCE_MS = 15_000;

/** All attacks on one kind of source, a test each, and the page that shows them. */
export function testAttacks(kind: Rig, attacks: readonly Attack[]): void {
  let running: Promise<readonly AttackResult[]> | null = null;
  const results = (): Promise<readonly AttackResult[]> => (running ??= runAttacks(kind, attacks));
  test('every attack has a name of its own', () => {
    assert.equal(new Set(attacks.map(({ id }) => id)).size, attacks.length);
  });
  for (const attack of attacks) {
    test(`${attack.id}: ${attack.title}`, async () => {
      const result = (await results()).find((one) => one.attack === attack);
      assert.ok(result !== undefined && result.held.length > 0, 'it was not done');
      for (const sighting of result.held) judge(attack, sighting, expectedOf(attack, sighting));
      for (const sighting of result.first) {
        assert.equal(sighting.served, 'as before', sighting.place);
        judge({ ...attack, believed: 'as before' }, sighting, attack.saysFirst ?? expectedOf(attack, sighting));
      }
      assert.ok(result.healed, 'the next good answer did not heal it');
    });
  }
  test('docs/attacks.md shows what was seen', async () => {
    const section = attackSection(await results());
    // a difference: `node scripts/generate-attack-table.ts` writes what is seen
    assert.deepEqual(differences(readFileSync(PAGE, 'utf8'), section), []);
  });
}

function expectedOf({ says }: Attack, { place }: Sighting): string {
  return typeof says === 'string' ? says : (says[place] ?? 'nothing that is expected');
}

function judge(attack: Attack, sighting: Sighting, says: string): void {
  assert.equal(sighting.served, attack.believed ?? 'as before', sighting.place);
  assert.equal(sighting.says, says, `${sighting.place}: ${sighting.message}`);
  assert.ok(sighting.tookMs < PATIENCE_MS, `${sighting.place} took ${sighting.tookMs} ms`);
}
