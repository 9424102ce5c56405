import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/** What package.json lists besides what is built. */
const OWN = ['config', 'service', 'docs', 'package.json', 'LICENSE', 'README.md', 'SECURITY.md', 'CHANGELOG.md'];

/** What only a compiler needs, and binaries of other systems. */
const LEFT_OUT = [
  /^better-sqlite3\/(?:deps|src)$/,
  /^koffi\/(?:vendor|doc)$/,
  /^@koromix\/[^/]+\/musl_/,
  /^node-addon-api$/,
];
const PREBUILT = 'better-sqlite3/prebuilds/';

/** The version of the package, from where everybody reads it. */
export function packageVersion(): string {
  return manifest('package.json')['version'] as string;
}

/** Lays out what `npm install --omit=dev` would, with this Node.js beside it: a directory that runs anywhere. */
export function layOut(home: string): void {
  mkdirSync(join(home, 'bin'), { recursive: true });
  cpSync(process.execPath, join(home, 'bin/node'));
  chmodSync(join(home, 'bin/node'), 0o755);
  for (const name of OWN) cpSync(join(ROOT, name), join(home, name), { recursive: true });
  run(process.execPath, [join(ROOT, 'scripts/build.ts'), join(home, 'dist')]);
  for (const path of productionPackages()) copyPackage(path, home);
}

function copyPackage(path: string, home: string): void {
  const keeps = (source: string): boolean => {
    const name = relative(join(ROOT, 'node_modules'), source);
    if (name.startsWith(PREBUILT)) return basename(name) === `${process.platform}-${process.arch}.node`;
    return !LEFT_OUT.some((pattern) => pattern.test(name));
  };
  mkdirSync(dirname(join(home, path)), { recursive: true });
  cpSync(join(ROOT, path), join(home, path), { recursive: true, filter: keeps });
}

/** A package that runs with reeve, as the lock file has it. */
interface LockedPackage {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly optional: boolean;
}

export function lockedPackages(): readonly LockedPackage[] {
  const rows = Object.entries(manifest('package-lock.json')['packages'] as Readonly<Record<string, LockRow>>);
  return rows
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path, { version, optional = false }]) => ({
      path,
      name: path.replace(/^.*node_modules\//, ''),
      version,
      optional,
    }));
}

interface LockRow {
  readonly version: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** Where those lie that this machine took. */
function productionPackages(): readonly string[] {
  const packages = lockedPackages().filter(({ path, optional }) => {
    const isThere = existsSync(join(ROOT, path));
    if (!isThere && !optional) throw new Error(`${path} is not installed: run scripts/setup`);
    return isThere;
  });
  return packages.map(({ path }) => path);
}

/** A program of the package, for everybody's search path. */
export function writeProgram(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

/** Runs to the end, or throws with what was said. */
export function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: ROOT });
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`);
  return stdout;
}

function manifest(name: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(ROOT, name), 'utf8')) as Readonly<Record<string, unknown>>;
}
