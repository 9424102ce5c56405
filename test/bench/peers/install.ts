import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export type Installed =
  | { readonly kind: 'installed'; readonly path: string }
  | { readonly kind: 'missing'; readonly reason: string };

const INSTALL_MS = 180_000;

/** Outside the repository: what is compared with is no dependency. */
function cacheDirectory(): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library/Caches/reeve-bench');
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'reeve-bench');
}

/** A package of the npm registry in a directory of its own; `path` is that directory. No install scripts run. */
export function npmPeer(name: string, version: string): Installed {
  const directory = join(cacheDirectory(), `${name.replaceAll('/', '+')}@${version}`);
  const path = join(directory, 'node_modules', name);
  if (existsSync(path)) return { kind: 'installed', path: directory };
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{"private":true}');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--save-exact'];
  const npm = spawnSync('npm', ['install', ...flags, `${name}@${version}`], {
    cwd: directory,
    encoding: 'utf8',
    timeout: INSTALL_MS,
  });
  if (npm.status === 0 && existsSync(path)) return { kind: 'installed', path: directory };
  const [complaint = 'npm did not answer in time'] = npm.stderr.split('\n').filter((line) => line.includes('error'));
  return { kind: 'missing', reason: `${name} cannot be installed: ${complaint.slice(0, 160)}` };
}

/** A program of the operating system, which only its owner installs. */
export function systemPeer(name: string): Installed {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const path = directories.map((directory) => join(directory, name)).find((candidate) => existsSync(candidate));
  return path === undefined ? { kind: 'missing', reason: `${name} is not installed` } : { kind: 'installed', path };
}

/** What a peer's package exports, by the shape that its worker needs. */
export function requireFrom(directory: string, name: string): unknown {
  return createRequire(join(directory, 'package.json'))(name);
}
