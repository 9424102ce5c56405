import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { tempDirectory } from '../support/temp-tree.ts';

const moduleOf = (name: string): string => JSON.stringify(new URL(`../../src/daemon/${name}.ts`, import.meta.url).href);

/** A process with a defect, and with everything that would keep it alive. */
function defective(file: string | null, defect: string): { readonly status: number | null; readonly stderr: string } {
  const program = `
    import { createLogger } from ${moduleOf('logger')};
    import { endOnDefect } from ${moduleOf('defect')};
    endOnDefect(createLogger({ level: 'info', file: ${JSON.stringify(file)} }), ${file !== null});
    setInterval(() => undefined, 1_000);
    setTimeout(() => { ${defect} }, 10);`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status: ended.status, stderr: ended.stderr };
}

describe('a defect of the program', () => {
  test('ends the process with an exit code of its own, and is in the log with its stack', (t) => {
    const file = join(tempDirectory(t), 'reeve.log');
    const { status, stderr } = defective(file, "throw new Error('broken inside')");
    assert.deepEqual([status, stderr], [70, 'reeve: a defect ends the daemon: broken inside\n']);
    assert.match(
      readFileSync(file, 'utf8'),
      /"level":50.*"message":"broken inside","stack":"Error: broken inside.*a defect ends the daemon/,
    );
  });

  test('in a promise that nobody waits for does so too, also where the log is standard error', () => {
    const { status, stderr } = defective(null, "void Promise.reject(new Error('broken inside'))");
    assert.equal(status, 70);
    assert.match(stderr, /^\{"level":50.*broken inside.*a defect ends the daemon"\}\n$/);
  });

  test('ends it also where nothing can be logged', { skip: !existsSync('/dev/full') }, () => {
    assert.equal(defective('/dev/full', "throw new Error('broken inside')").status, 70);
  });
});
