import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type GovernanceStage,
  governanceStage,
  networkPolicy,
  temporaryDirectory,
} from '../../support/governance-stage.ts';

function serving(stage: GovernanceStage): readonly string[] {
  return stage.serving()?.listing.flatMap((rule) => rule.resources) ?? [];
}

async function withTwo(...args: Parameters<typeof governanceStage>): Promise<GovernanceStage> {
  const stage = await governanceStage(...args);
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example'));
  stage.policies.set('pol_b', networkPolicy('pol_b', 'b.example'));
  stage.source.start();
  await stage.pass(1);
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
  return stage;
}

test('a policy that disappears serves until a second listing, 60 to 75 s later, agrees', async (t) => {
  const stage = await withTwo(t);
  stage.policies.delete('pol_b');
  await stage.pass(120);
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
  assert.deepEqual(stage.source.status().pending_absences, ['pol_b']);
  assert.equal(stage.source.status().state, 'ok');
  await stage.pass(59);
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
  await stage.pass(16);
  assert.deepEqual(serving(stage), ['a.example']);
  assert.deepEqual(stage.source.status().pending_absences, []);
});

test('a policy that comes back was never gone', async (t) => {
  const stage = await withTwo(t);
  const policy = networkPolicy('pol_b', 'b.example');
  stage.policies.delete('pol_b');
  await stage.pass(120);
  stage.policies.set('pol_b', policy);
  await stage.source.sync();
  stage.policies.delete('pol_b');
  await stage.pass(70);
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
});

test('sync alone never confirms an absence, and says how soon the clock will ask', async (t) => {
  const stage = await withTwo(t);
  stage.policies.delete('pol_b');
  for (let minute = 0; minute < 2; minute += 1) {
    const answer = await stage.source.sync();
    assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'ok');
    assert.deepEqual(answer.outcome.heldPolicies, ['pol_b']);
    assert.ok(
      answer.outcome.followUpMs !== null && answer.outcome.followUpMs >= 60_000 && answer.outcome.followUpMs <= 75_000,
    );
    // the clock stands still for the timers: only a person asks
    stage.clock.jump(61_000);
  }
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
});

test('a sync between the two listings does not delay the second one', async (t) => {
  const stage = await withTwo(t);
  stage.policies.delete('pol_b');
  await stage.pass(120);
  await stage.pass(50);
  await stage.source.sync();
  await stage.pass(25);
  assert.deepEqual(serving(stage), ['a.example']);
});

test('an absence is remembered across a restart', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await withTwo(t, { directory });
  first.policies.delete('pol_b');
  await first.pass(120);
  await first.source.close();
  const second = await governanceStage(t, { directory, clock: first.clock });
  second.policies.set('pol_a', networkPolicy('pol_a', 'a.example'));
  await second.activator.restore();
  assert.deepEqual(serving(second), ['a.example', 'b.example']);
  second.clock.advance(61_000);
  second.source.start();
  await second.pass(31);
  assert.deepEqual(serving(second), ['a.example']);
});

test('when the last policy goes, its domain stays governed and denies', async (t) => {
  const stage = await withTwo(t);
  stage.policies.clear();
  await stage.pass(200);
  assert.deepEqual(serving(stage), []);
  assert.deepEqual(stage.holder.current()?.policy.domains.network, {
    governed: true,
    delegated: false,
    monitored: false,
    delegationSuspended: false,
    noPoliciesLeft: true,
  });
  assert.equal(stage.holder.current()?.policy.domains.filesystem.governed, false);
});

test('a first listing without policies is no policy until a second one agrees; then it is an empty one', async (t) => {
  const stage = await governanceStage(t);
  await stage.activator.restore();
  stage.source.start();
  await stage.pass(1);
  assert.equal(stage.source.status().state, 'waiting');
  assert.deepEqual(stage.source.status().pending_absences, ['']);
  assert.equal(stage.holder.current()?.policy.closures[0]?.code, 'no_policy');
  await stage.source.sync();
  await stage.pass(58);
  assert.equal(stage.store.enrolledOrg(), null);
  await stage.pass(17);
  assert.equal(stage.source.status().state, 'ok');
  assert.equal(stage.store.enrolledOrg(), 'acme');
  assert.deepEqual(stage.holder.current()?.policy.closures, []);
});

test('a failing listing in between confirms nothing', async (t) => {
  const stage = await withTwo(t);
  stage.policies.delete('pol_b');
  stage.intercept = (_request, response) => (response.destroy(), true);
  await stage.pass(600);
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
});
