import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually, type Machine } from './daemon-process.ts';
import { exchangeHttp, httpRequest } from './raw-http.ts';
import type { Scope } from './scope.ts';

const PROGRAM = join(import.meta.dirname, '../../src/cli/main.ts');

/** Why there can be no second tree of mounts here; false = there can. */
export function noSecondTree(): string | false {
  if (process.platform !== 'linux') return 'mount namespaces are Linux’s';
  const { status } = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
  return status === 0 ? false : 'a mount namespace of its own is not allowed here';
}

/** Runs a command among the daemon's mounts. */
export type Enter = (...command: string[]) => void;

export interface OwnTree {
  /** A shell command that runs there before the daemon. */
  readonly first?: string;
  /** What starts the daemon, such as `setpriv`. */
  readonly by?: readonly string[];
}

/** A daemon in a mount namespace of its own. */
export async function daemonInOwnTree(t: Scope, { config, decide }: Machine, tree: OwnTree = {}): Promise<Enter> {
  const { first = ':', by = [] } = tree;
  const daemon = [...by, process.execPath, PROGRAM, 'daemon', '--config', config];
  const words = ['--mount', '--propagation', 'private', '/bin/sh', '-c', `${first} && exec "$@"`, 'sh', ...daemon];
  const child = spawn('unshare', words, { stdio: 'ignore', env: { ...process.env, NODE_V8_COVERAGE: '' } });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await eventually('the daemon to be ready', async () => {
    if (child.exitCode !== null) assert.fail(`it ended with ${child.exitCode}`);
    const [response] = await exchangeHttp(decide, httpRequest('GET', '/readyz')).catch(() => []);
    return response?.status === 200;
  });
  return (...command) => {
    const { status, stderr } = spawnSync('nsenter', ['-t', String(child.pid), '-m', ...command], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };
}
