import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '../support/scope.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { machineOf } from './organisation-machine.ts';

const PROBE = join(import.meta.dirname, 'container-probe.sh');
/** Two boots take half a minute where nobody else works. */
const DEADLINE_MS = 180_000;

export interface BootRun {
  /** What a person would have seen, without what differs from run to run. */
  readonly log: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** Boots a machine twice: the service is installed, asked, hung, reloaded, broken, mended, asked offline, removed. */
export async function bootTwice(t: Scope): Promise<BootRun> {
  const container = await machineOf(tempDirectory(t));
  container.write('/results/phase', '1');
  await container.run(readFileSync(PROBE, 'utf8'), DEADLINE_MS);
  return { log: stable(container.read('/results/log')), facts: factsOf(container.read('/results/facts')) };
}

function stable(log: string): string {
  return log
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:…')
    .replaceAll(/generation \d+/g, 'generation …')
    .replaceAll(/\b(UID|GID) \d+/g, '$1 …')
    .replaceAll(/(?<=\S) {2,}/g, '  ')
    .replaceAll(/(active \(running\)) {2}\d+ {2}/g, '$1  …  ')
    .replaceAll(/ +$/gm, '')
    .trimEnd();
}

function factsOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
