import { readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

// Makes `dist`: tens of files instead of hundreds. Node takes half a millisecond to find, read and link a module, and a
// daemon that starts has to do that in two threads. Packages stay packages, and the text stays readable.

const ROOT = join(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'src');
/** A test may want it elsewhere. */
const DIST = resolve(process.argv[2] ?? join(ROOT, 'dist'));

/** What a process or a thread begins with. */
const PROGRAM = [
  'cli/main',
  'daemon/policy-thread-entry',
  'daemon/config-thread-entry',
  'pdp/path-resolver-worker',
  'publisher/publishing-worker',
  'audit/log-writer-thread',
  'sources/local/parse-worker',
];
/** What other programs import: `exports` of package.json. */
const LIBRARY = ['client/index', 'policy/index', 'integrations/sandbox-runtime'];

/** Everything that is made lies as deep in `dist` as what is in here, with one exception that looks for nothing. */
const CHUNKS = 'chunks';
const DEEPER = 'sources/local/parse-worker.js';

/**
 * A module that looks for something beside itself, such as a thread's file, finds it where it would be without
 * bundling: at its own place in `dist`.
 */
const ownPlace: Plugin = {
  name: 'own place',
  setup(bundler) {
    bundler.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes('import.meta.url')) return { contents: text, loader: 'ts' };
      const place = join('..', relative(SOURCES, path).replace(/\.ts$/, '.js'));
      const url = `new URL(${JSON.stringify(place)}, import.meta.url).href`;
      return { contents: text.replaceAll('import.meta.url', url), loader: 'ts' };
    });
  },
};

async function bundle(entries: readonly string[]): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: entries.map((entry) => join(SOURCES, `${entry}.ts`)),
    outbase: SOURCES,
    outdir: DIST,
    chunkNames: `${CHUNKS}/[name]-[hash]`,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: true,
    plugins: [ownPlace],
    logLevel: 'warning',
  });
}

rmSync(DIST, { recursive: true, force: true });
// apart from each other: what they share would be cut into many more pieces
await bundle(PROGRAM);
await bundle(LIBRARY);
if (readFileSync(join(DIST, DEEPER), 'utf8').includes('import.meta')) {
  throw new Error(`${DEEPER} looks for something beside itself, and would look in the wrong place`);
}
