import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';

/**
 * Runs a command on a terminal of its own. `type` is told all that is shown, and what of it is new, and gives what is
 * typed then. All that was shown once it ended well; null = this machine has no `script`, and the test is skipped.
 */
export async function onTerminal(
  t: TestContext,
  command: string,
  type: (shown: string, before: string) => readonly string[],
): Promise<string | null> {
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => terminal.kill('SIGKILL'));
  let shown = '';
  const ended = new Promise<number | null>((resolve, reject) => {
    terminal.once('error', reject);
    terminal.once('close', resolve);
  });
  terminal.stdout.on('data', (chunk: Buffer) => {
    const before = shown;
    shown += chunk.toString();
    for (const line of type(shown, before)) terminal.stdin.write(`${line}\r`);
  });
  try {
    assert.equal(await ended, 0, shown);
    return shown;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      t.skip('there is no `script` here');
      return null;
    }
    throw error;
  }
}
