import assert from 'node:assert/strict';
import { test } from 'node:test';
import { killLoop } from './kill-loop/loop.ts';
import { betweenOf, killTable } from './kill-loop/report.ts';
import { governanceSubject, tufSubject } from './kill-loop/subject.ts';

test('whatever a daemon was doing when it was killed, the next start serves the old revision or the new one', async (t) => {
  const kills = await killLoop({ kills: 10, between: 6, seed: 1, subjects: [governanceSubject, tufSubject] });
  t.diagnostic(`\n${killTable(kills)}`);
  assert.ok(betweenOf(kills) >= 6);
  for (const how of ['at', 'behind'])
    assert.ok(
      kills.some((kill) => kill.how === how),
      how,
    );
  for (const served of ['old', 'new'])
    assert.ok(
      kills.some((kill) => kill.served === served),
      served,
    );
});
