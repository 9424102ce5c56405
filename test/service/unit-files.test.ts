import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const UNIT = join(import.meta.dirname, '../../service/reeve.service');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

/** The unit with a program that exists here, which is all that the verifier misses on a machine without reeve. */
function verify(t: TestContext, change: (unit: string) => string = (unit) => unit): string {
  const folder = mkdtempSync(join(tmpdir(), 'reeve-unit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'reeve');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);
  const file = join(folder, 'reeve.service');
  writeFileSync(file, change(readFileSync(UNIT, 'utf8')).replaceAll('/usr/bin/reeve', program));
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
  // the host's own units are not ours to judge
  return `${stdout}${stderr}`
    .split('\n')
    .filter((line) => line.includes('reeve'))
    .join('\n');
}

test('systemd finds nothing wrong with the unit', {
  skip: hasSystemd ? false : 'systemd-analyze is not installed',
}, (t) => {
  assert.equal(verify(t), '');
  assert.notEqual(
    verify(t, (unit) => unit.replace('Type=exec', 'Tipe=exec')),
    '',
    'the verifier would see a mistake',
  );
});

test('the unit starts the daemon as the command line has it', () => {
  const start = /^ExecStart=\/usr\/bin\/reeve (.+)$/m.exec(readFileSync(UNIT, 'utf8'))?.[1];
  assert.equal(start, 'daemon --config /etc/reeve/reeve.yaml');
});

test('compiled code is kept only where systemd makes a private directory: the daemon runs what lies there', () => {
  const unit = readFileSync(UNIT, 'utf8');
  assert.match(unit, /^Environment=NODE_COMPILE_CACHE=\/var\/lib\/reeve\/compiled$/m);
  assert.match(unit, /^StateDirectory=reeve\nStateDirectoryMode=0700$/m);
  assert.match(unit, /^UMask=0077$/m);
});
