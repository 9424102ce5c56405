import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { differences, judgementSection } from '../../delivery/attack-document.ts';
import { ATTACKS, type Attack } from './attacks.ts';
import { type Attacked, ourClient, theirClient } from './clients.ts';

interface Judgement {
  readonly verdict: string;
  readonly healed: string;
  readonly servedBefore: string;
  readonly servedThen: string;
}

type Open = (t: TestContext, options: Attack) => Promise<Attacked>;

async function judge(t: TestContext, attack: Attack, open: Open): Promise<Judgement> {
  const attacked = await open(t, attack);
  if (attack.fresh !== true) assert.equal(await attacked.poll(), 'accepted', 'before the attack');
  await attack.attack(attacked);
  const servedBefore = attacked.serving();
  const verdict = await attacked.poll();
  const servedThen = attacked.serving();
  attacked.served.intercept = () => false;
  attacked.served.files = attacked.repository.files;
  if (attack.heal !== undefined) attack.heal(attacked);
  else {
    attacked.repository.now = attacked.clock.now();
    attacked.repository.publishBundle();
  }
  return { verdict, servedBefore, servedThen, healed: await healedVerdict(attacked, attack) };
}

/** A deadline that is short for the sake of the test may also end an honest answer on a busy machine. */
async function healedVerdict({ poll }: Attacked, { deadlineMs }: Attack): Promise<string> {
  let verdict = await poll();
  for (let tries = 0; deadlineMs !== undefined && tries < 5 && verdict !== 'accepted'; tries += 1)
    verdict = await poll();
  return verdict;
}

async function compare(t: TestContext, attack: Attack): Promise<void> {
  const [ours, theirs] = [await judge(t, attack, ourClient), await judge(t, attack, theirClient)];
  assert.deepEqual({ ours: ours.verdict, theirs: theirs.verdict }, { ours: attack.ours, theirs: attack.theirs });
  if (ours.verdict !== 'accepted') assert.equal(ours.servedThen, ours.servedBefore, 'a refusal changes nothing');
  const healed = { ours: attack.heals?.ours ?? 'accepted', theirs: attack.heals?.theirs ?? 'accepted' };
  assert.deepEqual({ ours: ours.healed, theirs: theirs.healed }, healed, 'afterwards');
  const differently = (ours.verdict === 'accepted') !== (theirs.verdict === 'accepted');
  assert.equal(attack.why !== undefined, differently, 'a reason is written down exactly where they judge differently');
}

// several at a time: most of each is waiting for a disk or a socket
test('attacks on a client', { concurrency: 3 }, async (t) => {
  await Promise.all(ATTACKS.map((attack) => t.test(attack.name, (each) => compare(each, attack))));
});

test('docs/attacks.md lists each attack that only one of the clients accepts, and why', () => {
  const page = readFileSync(new URL('../../../docs/attacks.md', import.meta.url), 'utf8');
  // a difference: `node scripts/generate-attack-table.ts` writes it
  assert.deepEqual(differences(page, judgementSection()), []);
});

test('every attack has a name of its own', () => {
  assert.equal(new Set(ATTACKS.map((attack) => attack.name)).size, ATTACKS.length);
});
