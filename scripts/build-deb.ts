import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { PACKAGE_HOME, servicePlaces } from '../src/service/places.ts';
import { serviceFiles } from '../src/service/service-files.ts';
import { socketLayout } from '../src/socket/layout.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { maintainerScripts } from './maintainer-scripts.ts';
import { layOut, packageVersion, run, writeProgram } from './package-tree.ts';

// A Debian package: the tree of `package-tree`, the units of `reeve service install` in the place for packages, and
// four short scripts. `dpkg-deb` is all that it needs.

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

function build(root: string, debArchitecture: string): void {
  layOut(join(root, PACKAGE_HOME));
  writeProgram(
    join(root, 'usr/bin/reeve'),
    `#!/bin/sh\nexec ${PACKAGE_HOME}/bin/node ${PACKAGE_HOME}/dist/cli/main.js "$@"\n`,
  );
  mkdirSync(join(root, 'etc/reeve'), { recursive: true });
  for (const { path, text } of units(root)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const documents = join(root, 'usr/share/doc/reeve');
  mkdirSync(documents, { recursive: true });
  cpSync(join(root, PACKAGE_HOME, 'LICENSE'), join(documents, 'copyright'));
  addHelp(root);
  writeFileSync(join(documents, 'sbom.cdx.json'), JSON.stringify(billOfMaterials(true), null, 2));
  makePlain(root);
  writeControl(join(root, 'DEBIAN'), debArchitecture, kilobytes(root));
}

/** Where shells and `man` look. */
function addHelp(root: string): void {
  const main = join(root, PACKAGE_HOME, 'dist/cli/main.js');
  const share = join(root, 'usr/share');
  for (const [shell, path] of [
    ['bash', 'bash-completion/completions/reeve'],
    ['zsh', 'zsh/vendor-completions/_reeve'],
    ['fish', 'fish/vendor_completions.d/reeve.fish'],
  ] as const) {
    mkdirSync(dirname(join(share, path)), { recursive: true });
    writeFileSync(join(share, path), run(process.execPath, [main, 'completion', shell]));
  }
  mkdirSync(join(share, 'man/man1'), { recursive: true });
  writeFileSync(join(share, 'man/man1/reeve.1.gz'), gzipSync(readFileSync(join(root, PACKAGE_HOME, 'docs/reeve.1'))));
}

/** The same files as `reeve service install` would write, for the program where the package puts it. */
function units(root: string): ReturnType<typeof serviceFiles> {
  const layout = socketLayout({ platform: 'linux', uid: 0, home: null });
  const words = [`${PACKAGE_HOME}/bin/node`, `${PACKAGE_HOME}/dist/cli/main.js`];
  const program = { words, packageDirectory: PACKAGE_HOME };
  const places = servicePlaces({ kind: 'system', platform: 'linux', home: null, layout }, program, null);
  return serviceFiles(places, join(root, PACKAGE_HOME, 'service'));
}

/** Whatever the umask and the checkout were: everybody reads, root writes. */
function makePlain(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  if (stats.isDirectory()) for (const name of readdirSync(path)) makePlain(join(path, name));
  chmodSync(path, stats.isDirectory() || (stats.mode & 0o100) !== 0 ? 0o755 : 0o644);
}

function kilobytes(path: string): number {
  return Number(run('du', ['--summarize', '--block-size=1024', path]).split('\t')[0]);
}

function writeControl(directory: string, debArchitecture: string, size: number): void {
  mkdirSync(directory, { recursive: true });
  const control = [
    'Package: reeve',
    `Version: ${packageVersion()}`,
    `Architecture: ${debArchitecture}`,
    'Maintainer: the reeve authors <reeve@reeve.invalid>',
    'Section: admin',
    'Priority: optional',
    `Installed-Size: ${size}`,
    // what the Node.js inside is linked to
    'Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8), systemd (>= 247), passwd',
    'Description: local policy decision point for sandboxed agents',
    " Pulls an organisation's policy, keeps it, and answers on a Unix socket whether a sandboxed agent may connect to a",
    ' host or touch a path. Brings its own Node.js.',
    '',
  ];
  writeFileSync(join(directory, 'control'), control.join('\n'));
  for (const [name, text] of Object.entries(maintainerScripts())) writeProgram(join(directory, name), text);
}

const { values, positionals } = parseArgs({
  options: { fast: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const architecture = ARCHITECTURES[process.arch];
if (process.platform !== 'linux' || architecture === undefined)
  throw new Error('a Debian package is built on Linux, on x64 or arm64');

const target = join(resolve(positionals[0] ?? '.'), `reeve_${packageVersion()}_${architecture}.deb`);
const tree = mkdtempSync(join(tmpdir(), 'reeve-deb-'));
try {
  chmodSync(tree, 0o755);
  build(tree, architecture);
  const compression = values.fast ? ['-Znone'] : [];
  run('dpkg-deb', ['--build', '--root-owner-group', ...compression, tree, target]);
  console.log(target);
} finally {
  rmSync(tree, { recursive: true, force: true });
}
