import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { machine } from '../support/daemon-process.ts';

const PROGRAM = join(import.meta.dirname, '../../src/cli/main.ts');

test('a daemon that cannot start says why; where its manager would start it for ever, that is no failure', (t) => {
  const place = machine(t);
  mkdirSync(place.state, { mode: 0o700 });
  writeFileSync(join(place.state, 'policy.db'), 'no database'.repeat(1_000), { mode: 0o600 });
  const run = (...more: readonly string[]): { readonly status: number | null; readonly stderr: string } =>
    spawnSync(process.execPath, [PROGRAM, 'daemon', '--config', place.config, ...more], { encoding: 'utf8' });

  const plain = run();
  assert.equal(plain.status, 1);
  assert.match(plain.stderr, /policy\.db` is no usable database: move it away/);
  const down = run('--stay-down');
  assert.equal(down.status, 0);
  assert.ok(down.stderr.startsWith(plain.stderr), down.stderr);
  assert.match(down.stderr, /^hint: it is not tried again/m);
});
