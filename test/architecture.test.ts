import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

/** Which folders a folder may import from, and why not more. ARCHITECTURE.md shows the same as a picture. */
const FOLDERS: Readonly<Record<string, { readonly may: readonly string[]; readonly because: string }>> = {
  base: { may: [], because: 'it knows no word of the domain' },
  policy: { may: ['base'], because: 'the core is pure: no disk, no network, no clock' },
  schema: { may: ['base', 'policy'], because: 'shapes of untrusted data decide nothing' },
  bundle: { may: ['base'], because: 'a format is neither delivery nor activation' },
  tuf: {
    may: ['base', 'bundle', 'schema'],
    because: 'it verifies what others fetch and keep: bytes in, trust or an error out',
  },
  http: { may: ['base', 'schema'], because: 'transport knows nothing of policies' },
  realpath: { may: ['base', 'policy'], because: 'clients walk paths too, without anything of the daemon' },
  socket: { may: ['base'], because: 'clients choose a socket too' },
  host: { may: ['base'], because: 'facts about the host decide nothing' },
  files: { may: [], because: 'how bytes stay on a disk, whatever they say' },
  store: {
    may: ['base', 'bundle', 'files', 'policy'],
    because: 'rows are plain; nothing below the store waits for it',
  },
  pdp: { may: ['base', 'policy', 'realpath', 'schema'], because: 'no SQLite and no network on the decision path' },
  eval: {
    may: ['base', 'policy', 'schema', 'realpath', 'sources'],
    because: 'it takes presets from the sources, and nothing of a running daemon',
  },
  sources: {
    may: ['base', 'policy', 'schema', 'bundle', 'tuf', 'http', 'realpath', 'store', 'pdp'],
    because: 'delivery ends with the swap and knows no sockets',
  },
  publisher: {
    may: ['base', 'files', 'policy', 'schema', 'bundle', 'tuf', 'http', 'realpath', 'store', 'sources'],
    because: 'it signs what daemons will verify, and runs where no daemon does',
  },
  audit: {
    may: ['base', 'policy', 'store'],
    because: 'a log keeps what was decided: nothing on the way of a decision waits for it, and it knows no sockets',
  },
  localapi: {
    may: ['base', 'policy', 'schema', 'http', 'socket', 'host', 'pdp'],
    because: 'answering must not reach sources or the store',
  },
  client: {
    may: ['base', 'policy', 'schema', 'realpath', 'socket'],
    because: 'it runs in other people’s processes: nothing of the daemon comes along',
  },
  integrations: {
    may: ['client'],
    because: 'an enforcement point is a thin adapter over the client, and brings no runtime along',
  },
  'control-plane': {
    may: ['base', 'policy', 'schema', 'http', 'store'],
    because: 'it is another server and must run without a daemon',
  },
  service: {
    may: ['base', 'files', 'realpath', 'socket'],
    because: 'it arranges files for a service manager, and knows nothing of what the daemon does',
  },
  daemon: {
    may: [
      'base',
      'policy',
      'schema',
      'http',
      'realpath',
      'socket',
      'host',
      'store',
      'pdp',
      'audit',
      'sources',
      'localapi',
    ],
    because: 'it composes; clients and commands are above or beside it',
  },
  diagnosis: {
    may: [
      ...[
        'base',
        'policy',
        'http',
        'tuf',
        'socket',
        'store',
        'audit',
        'sources',
        'localapi',
        'client',
        'service',
        'daemon',
      ],
    ],
    because: 'it tries what a daemon does with the daemon’s own parts, beside a running one and through its sockets',
  },
  cli: {
    may: [
      ...[
        'base',
        'files',
        'policy',
        'schema',
        'bundle',
        'tuf',
        'http',
        'realpath',
        'socket',
        'host',
        'store',
        'audit',
        'sources',
      ],
      ...['eval', 'client', 'publisher', 'control-plane', 'service', 'daemon', 'diagnosis'],
    ],
    because: 'it talks to a daemon through its sockets, not through its memory',
  },
};

/** Each third-party package has one place that knows it. */
const PACKAGES: Readonly<Record<string, string>> = {
  '@tufjs/models': 'src/tuf/',
  'better-sqlite3': 'src/store/database.ts',
  chokidar: 'src/sources/local/',
  commander: 'src/cli/',
  'ipaddr.js': 'src/policy/resource/',
  koffi: 'src/host/libc.ts',
  picomatch: 'src/policy/resource/',
  pino: 'src/daemon/logger.ts',
  tldts: 'src/policy/resource/',
  undici: 'src/http/',
  yaml: 'src/schema/yaml.ts',
  zod: 'src/schema/',
};

/** The pure core reaches Node only for names and addresses. */
const CORE_BUILTINS = new Set(['node:net', 'node:url']);

/** `process.env`, `process.exit` and signals belong to the two places where a process begins. */
const PROCESS_OWNERS = ['src/cli/main.ts', 'src/daemon/'];

interface Module {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\b(?:[^;'"]*?\bfrom)?\s*'([^']+)'|\bimport\('([^']+)'\)/g;

const modules: readonly Module[] = globSync('src/**/*.ts').map((path) => {
  const text = readFileSync(path, 'utf8');
  const imports = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '');
  return { path, folder: path.split('/')[1] ?? '', text, imports };
});

function local(module: Module): string[] {
  return module.imports
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(module.path), name)));
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}

test('the architecture test sees the whole source tree', () => {
  assert.ok(modules.length > 120, `only ${modules.length} modules found`);
  const imports = modules.reduce((sum, module) => sum + module.imports.length, 0);
  assert.ok(imports > 500, `only ${imports} imports found`);
  const folders = new Set(modules.map((module) => module.folder));
  assert.deepEqual(
    [...folders].sort(),
    Object.keys(FOLDERS).sort(),
    'every folder has its row, and every row a folder',
  );
});

test('imports go down only', () => {
  const wrong = modules.flatMap((module) =>
    local(module)
      .map((target) => target.split('/')[1] ?? '')
      .filter((folder) => folder !== module.folder && FOLDERS[module.folder]?.may.includes(folder) !== true)
      .map((folder) => `${module.path} imports ${folder}: ${FOLDERS[module.folder]?.because ?? ''}`),
  );
  assert.deepEqual(wrong, []);
});

test('folders do not import each other in a circle', () => {
  const visit = (folder: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(folder), `a circle: ${[...trail, folder].join(' → ')}`);
    for (const below of FOLDERS[folder]?.may ?? []) visit(below, [...trail, folder]);
  };
  for (const folder of Object.keys(FOLDERS)) visit(folder, []);
});

test('modules do not import each other in a circle', () => {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(path), `a circle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
    const module = byPath.get(path);
    if (module === undefined || done.has(path)) return;
    for (const target of local(module)) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const module of modules) visit(module.path, []);
});

test('each third-party package has one importer, and each row of that table is used', () => {
  const used = new Set<string>();
  const wrong = modules.flatMap((module) =>
    module.imports
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
      .filter((name) => {
        const place = PACKAGES[packageOf(name)];
        used.add(packageOf(name));
        return place === undefined || !module.path.startsWith(place);
      })
      .map((name) => `${module.path} imports ${name}`),
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual([...used].sort(), Object.keys(PACKAGES).sort());
});

test('the policy core touches no disk, network, clock or process', () => {
  const core = modules.filter((module) => module.folder === 'policy');
  assert.ok(core.length > 30, `only ${core.length} modules of the core found`);
  const builtins = core.flatMap((module) =>
    module.imports
      .filter((name) => name.startsWith('node:') && !CORE_BUILTINS.has(name))
      .map((name) => `${module.path}: ${name}`),
  );
  assert.deepEqual(builtins, []);
  const impure = core.filter((module) =>
    /\b(?:Date\.now|Math\.random|performance\.now|process\.|setTimeout)\b/.test(module.text),
  );
  assert.deepEqual(
    impure.map((module) => module.path),
    [],
  );
});

test('the environment, exits and signals are read in two places only', () => {
  const wrong = modules
    .filter((module) => /\bprocess\.(?:env|exit|exitCode|kill|on|once)\b/.test(module.text))
    .filter((module) => !PROCESS_OWNERS.some((owner) => module.path.startsWith(owner)));
  assert.deepEqual(
    wrong.map((module) => module.path),
    [],
  );
});

test('no source file is longer than 400 lines, and none is called utils', () => {
  const long = modules.filter((module) => module.text.split('\n').length > 400);
  assert.deepEqual(
    long.map((module) => module.path),
    [],
  );
  const vague = modules.filter((module) =>
    /(?:^|[/-])(?:utils?|helpers?|manager|misc|common)(?:[./-])/.test(module.path),
  );
  assert.deepEqual(
    vague.map((module) => module.path),
    [],
  );
});
