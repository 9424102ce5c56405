// The demo's output in README.md: `node scripts/readme-demo.ts` runs the demo and writes it there; a test compares.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const BLOCK = /(## What the demo shows\n\n```text\n)(.*?)(\n```\n)/s;

/** What the demo prints on no terminal. */
export function runDemo(): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/demo.ts'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the demo failed: ${stderr}`);
  return stdout.trim();
}

/** What README.md says that it prints. */
export function demoInReadme(): string {
  const block = BLOCK.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[2];
  if (block === undefined) throw new Error('README.md has no block with the demo’s output');
  return block;
}

/** Without what differs from run to run: revision, generation, seconds, and who asked (a machine may have no curl). */
export function steady(output: string): string {
  return output
    .replaceAll(/sha256:[0-9a-f]+/g, 'sha256:0')
    .replaceAll(/after \d+\.\d s/g, 'after 0.0 s')
    .replaceAll(/generation \d+/g, 'generation 0')
    .replaceAll(/ (?:curl {3}|library) /g, ' - ');
}

if (import.meta.main) {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const output = runDemo();
  writeFileSync(
    join(root, 'README.md'),
    readme.replace(BLOCK, (_, before: string, __, after: string) => before + output + after),
  );
}
