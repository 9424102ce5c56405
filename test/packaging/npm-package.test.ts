import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { machine, startDaemonProcess, toHost, verdict } from '../support/daemon-process.ts';
import { tempDirectory } from '../support/temp-tree.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What goes into the package, besides what is built. */
const SHIPPED = ['config', 'service', 'docs', 'LICENSE', 'README.md', 'SECURITY.md', 'CHANGELOG.md'];

function npm(cwd: string, ...args: readonly string[]): { readonly status: number | null; readonly text: string } {
  const options = { cwd, encoding: 'utf8', env: { ...process.env, NODE_V8_COVERAGE: '' } } as const;
  const { status, stdout, stderr } = spawnSync('npm', args, options);
  return { status, text: `${stdout}${stderr}` };
}

/** The package as `npm publish` would take it: the tree of a release, packed. */
function packed(t: TestContext): string {
  const tree = join(tempDirectory(t), 'reeve');
  mkdirSync(tree);
  copyFileSync(join(ROOT, 'package.json'), join(tree, 'package.json'));
  for (const name of SHIPPED) cpSync(join(ROOT, name), join(tree, name), { recursive: true });
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts'), join(tree, 'dist')], { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  // what it is made with is not there, and need not be
  const { status, text } = npm(tree, 'pack', '--ignore-scripts', '--silent');
  assert.equal(status, 0, text);
  return join(tree, readdirSync(tree).find((name) => name.endsWith('.tgz')) ?? assert.fail('there is no package'));
}

/** Installs it as a user would, from what npm has kept; null where that is not all of it. */
function installed(t: TestContext, tarball: string): string | null {
  const place = tempDirectory(t);
  const { status, text } = npm(place, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', tarball);
  if (status === 0) return place;
  assert.match(text, /ENOTCACHED|cache mode is 'only-if-cached'/, text);
  return null;
}

/** The same tree, with the packages of this checkout. */
function unpacked(t: TestContext, tarball: string): string {
  const place = tempDirectory(t);
  mkdirSync(join(place, 'node_modules/reeve'), { recursive: true });
  const args = ['-xzf', tarball, '--strip-components=1', '-C', join(place, 'node_modules/reeve')];
  assert.equal(spawnSync('tar', args).status, 0);
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules/reeve/node_modules'));
  return place;
}

test('the npm package installs without a compiler or scripts, and its program decides', async (t) => {
  const tarball = packed(t);
  const offline = installed(t, tarball);
  if (offline === null) t.diagnostic('npm has not kept every package: those of this checkout stand in');
  const home = join(offline ?? unpacked(t, tarball), 'node_modules/reeve');
  const program = join(home, 'dist/cli/main.js');

  const version = spawnSync(process.execPath, [program, '--version'], { encoding: 'utf8' });
  assert.match(version.stdout, /^reeve \d+\.\d+\.\d+\n$/);
  const own = machine(t);
  own.configure({ preset: 'balanced' });
  const daemon = await startDaemonProcess(t, own, { program });
  assert.equal(await verdict(own, toHost('github.com')), 'allow preset_allow');
  assert.equal(await verdict(own, toHost('unknown.example')), 'deny default_deny');
  assert.equal((await daemon.stop()).code, 0);

  // everything that the documents tell people to look at is in it
  for (const name of SHIPPED) assert.ok(readdirSync(home).includes(name), name);
  assert.ok(!readdirSync(home).some((name) => ['src', 'test', 'scripts', '.ci'].includes(name)));
  const service = spawnSync(process.execPath, [program, 'service', 'status', '--json'], { encoding: 'utf8' });
  const { files } = JSON.parse(service.stdout) as { readonly files: readonly { readonly path: string }[] };
  assert.ok(files.length > 0, 'the service files are found');
});
