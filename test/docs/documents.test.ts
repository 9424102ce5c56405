import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { withCurrentAnswers } from '../../scripts/doc-examples.ts';
import { evaluateLine } from '../../src/eval/eval-line.ts';
import { refusal } from '../../src/localapi/http-reply.ts';
import * as limits from '../../src/localapi/limits.ts';
import type { ApiErrorCode } from '../../src/localapi/reply-text.ts';
import { ROUTES } from '../../src/localapi/routes.ts';
import { denied } from '../../src/policy/answer.ts';
import { compile } from '../../src/policy/compile.ts';
import { ALLOW_CODES, DENY_CODES, type DenyCode } from '../../src/policy/decision.ts';
import { POLICY_MEMBERS } from '../../src/policy/policy-document.ts';
import { readRequest } from '../../src/policy/request.ts';
import { firstCause } from '../../src/policy/verdict.ts';
import { readConfigFile } from '../../src/schema/config-file.ts';
import { jsonSchemas } from '../../src/schema/json-schemas.ts';
import { parseStrictJsonText } from '../../src/schema/strict-json.ts';
import { emptySet } from '../support/policy-sets.ts';
import { anchorsOf, citationsIn, codeIn, rowsBelow, sources, textOf } from './pages.ts';

const SEMANTICS = textOf('docs/semantics.md');
const API = textOf('docs/api.md');
const DELIVERY = textOf('docs/delivery.md');
const CONFIGURATION = textOf('docs/configuration.md');

/** The words in quotes that stand after `|` in the declaration of a union, or after `type … =`. */
function unionIn(path: string, name: string): string[] {
  const declaration = new RegExp(String.raw`${name}\b(?: =|:)([^;]*);`).exec(textOf(path))?.[1] ?? '';
  const words = [...declaration.matchAll(/'([a-z_]+)'/g)].map(([, word = '']) => word);
  assert.ok(words.length > 1, `no union \`${name}\` in ${path}`);
  return words;
}

/** The first cell of each row below a heading, where that is a code span. */
function listed(page: string, heading: string): string[] {
  return rowsBelow(page, heading).flatMap(([cell]) => codeIn(cell) ?? []);
}

test('semantics lists the decision codes, all and no others', () => {
  assert.deepEqual(listed(SEMANTICS, '### Decision codes').toSorted(), [...ALLOW_CODES, ...DENY_CODES].toSorted());
});

test('semantics gives each decision code the kind that answers carry', () => {
  const reading = readRequest({ action: 'connect:tcp', host: 'example.com', port: 443 });
  assert.ok(reading.kind === 'request' && reading.request.kind === 'network');
  const { request } = reading;
  const snapshot = { policy: compile(emptySet()), generation: 1, ttlMs: 0 };
  const kindOf = (code: DenyCode): string =>
    denied(snapshot, request, { cause: { code, reason: '', match: null }, wouldDeny: false }).kind;
  const allow = [{ decision: 'allow', actions: ['connect:tcp'], resources: ['example.com'] }];
  const cases = [{ org: allow }, { local: allow }, { preset: 'open' }];
  const allows = cases.map((policies) => {
    const line = JSON.stringify({ ...policies, request: { action: 'connect:tcp', host: 'example.com', port: 443 } });
    const { code, kind } = JSON.parse(evaluateLine(line, { strict: true, fs: false })) as {
      code: string;
      kind: string;
    };
    return [code, kind] as const;
  });
  const stated = rowsBelow(SEMANTICS, '### Decision codes').flatMap(([code, kind]) => {
    const name = codeIn(code);
    return name === null ? [] : [[name, kind] as const];
  });
  const expected = [...allows, ...DENY_CODES.map((code) => [code, kindOf(code)] as const)];
  assert.deepEqual(new Map(stated), new Map(expected));
});

test('semantics shows causes in the order in which answers show them', () => {
  const list = /### Which cause is shown\n([\s\S]*?)\n### /.exec(SEMANTICS)?.[1] ?? '';
  const order = [...list.matchAll(/^\d+\. (?:`([a-z_]+)`|every other error)$/gm)].map(
    // `no_policy` stands for every error that has no place of its own
    ([, code = 'no_policy']) => code as DenyCode,
  );
  assert.equal(order.length, 10);
  const cause = (code: DenyCode) => ({ code, reason: '', match: null });
  for (const [place, code] of order.entries()) {
    const others = order.slice(place).toReversed();
    assert.equal(firstCause(others.map(cause))?.code, code);
  }
});

test('the examples of semantics are what eval answers', () => {
  const current = withCurrentAnswers(SEMANTICS);
  assert.equal(SEMANTICS, current, 'run scripts/generate-doc-examples.ts');
  assert.ok((current.match(/^\{"id":"[^"]+","decision"/gm) ?? []).length >= 5, 'hardly any example was found');
});

test('api lists the routes of both sockets, all and no others', () => {
  const rows = rowsBelow(API, '### HTTP/1.1 + JSON')
    .map(([route, socket]) => `${codeIn(route) ?? ''} ${socket ?? ''}`)
    .filter((row) => /^(?:GET|POST|ANY) /.test(row));
  assert.deepEqual(rows.toSorted(), ROUTES.map(({ method, path, on }) => `${method} ${path} ${on}`).toSorted());
});

test('api lists the error codes with their statuses, all and no others', () => {
  const stated = rowsBelow(API, '### HTTP/1.1 + JSON').flatMap(([code, status = '']) =>
    /^\d{3}$/.test(status) ? [`${codeIn(code) ?? ''} ${status}`] : [],
  );
  const codes = unionIn('src/localapi/reply-text.ts', 'type ApiErrorCode') as ApiErrorCode[];
  assert.deepEqual(stated.toSorted(), codes.map((code) => `${code} ${refusal(code, '').status}`).toSorted());
});

test('api states the limits of the code', () => {
  const number = (value: number): string => value.toLocaleString('en-US');
  const times = limits.DEFAULT_LOCAL_API_LIMITS;
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  let deepest = 1;
  while (deepest < 100 && parseStrictJsonText(nested(deepest + 1)).kind === 'value') deepest += 1;
  const stated = rowsBelow(API, '### Limits').filter(([name]) => name !== '');
  assert.deepEqual(Object.fromEntries(stated), {
    'JSON nesting': String(deepest),
    'body, `explain` and AuthZEN evaluation included': `${number(limits.MAX_BODY_BYTES)} bytes`,
    'body of a batch': `${number(limits.MAX_BATCH_BODY_BYTES)} bytes`,
    'items of a batch': number(limits.MAX_BATCH_ITEMS),
    'request line and header fields': `${number(limits.MAX_HEAD_BYTES)} bytes`,
    'line of newline-delimited JSON': `${number(limits.MAX_LINE_BYTES)} bytes`,
    connections: number(times.maxConnections),
    'connections of one known uid': number(times.maxConnectionsPerUid),
    'first complete request of a connection within': `${times.firstRequestMs / 1_000} s`,
    'idle connection': `${times.idleMs / 1_000} s`,
    'a decision within': `${times.requestMs} ms`,
    'drain when the daemon stops': `${times.drainMs / 1_000} s`,
  });
});

test('delivery lists what can go wrong with a source, all and nothing else', () => {
  const codes = [
    ...unionIn('src/sources/source-failure.ts', 'type SourceErrorCode'),
    ...unionIn('src/http/outbound-error.ts', 'type OutboundErrorCode'),
    ...unionIn('src/tuf/tuf-error.ts', 'type TufErrorCode'),
  ];
  const stated = listed(DELIVERY, '### What goes wrong with a source');
  assert.deepEqual(stated.toSorted(), [...new Set(codes)].toSorted());
});

test('delivery lists the states of local files, all and no others', () => {
  const states = unionIn('src/sources/local/local-layer.ts', 'readonly state');
  assert.deepEqual(listed(DELIVERY, '## Local override files').toSorted(), states.toSorted());
});

test('delivery names every member of a policy', () => {
  const section = /## The bundle\n([\s\S]*?)\n## /.exec(DELIVERY)?.[1] ?? '';
  const named = new Set([...section.matchAll(/`([a-z_0-9]+)`/g)].map(([, name = '']) => name));
  const ofRules = ['domain', 'rules', 'decision', 'actions', 'resources', 'http_resources'];
  assert.deepEqual([...named].toSorted(), [...new Set([...POLICY_MEMBERS, ...ofRules])].toSorted());
});

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** Every member of a schema, `a.b` for one inside another, each once. */
function keysOf(schema: JsonSchema, prefix = ''): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => [
    `${prefix}${name}`,
    ...keysOf(inner, `${prefix}${name}.`),
  ]);
  const forms = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return [...new Set([...own, ...forms.flatMap((form) => keysOf(form, prefix))])];
}

const CONFIG_KEYS = keysOf(jsonSchemas()['config.schema.json'] as JsonSchema);

test('configuration lists every key; one that only holds others may be left out', () => {
  const holders = new Set(
    CONFIG_KEYS.flatMap((key) => (key.includes('.') ? [key.slice(0, key.lastIndexOf('.'))] : [])),
  );
  const stated = listed(CONFIGURATION, '## Settings');
  assert.ok(CONFIG_KEYS.length > 20, 'hardly any key was found');
  assert.deepEqual(
    stated.filter((key) => !CONFIG_KEYS.includes(key)),
    [],
  );
  assert.deepEqual(
    CONFIG_KEYS.filter((key) => !stated.includes(key) && !holders.has(key)),
    [],
  );
});

test('configuration states the defaults of the code', () => {
  const source = '{type: governance, base_url: "https://a.example", org: a, credential_file: /a}';
  // a member of one kind of source only is looked up there
  const written = [
    source,
    '{type: tuf, base_url: "https://x.example", org: x, root_file: /r}',
    '{type: file, path: /b, org: x}',
  ];
  const files = ['null', ...written].map((kind) => readConfigFile(`source: ${kind}`));
  const valueAt = (key: string): unknown => {
    for (const reading of files) {
      assert.ok(reading.kind === 'config', JSON.stringify(reading));
      let value: unknown = reading.config;
      for (const part of key.split('.'))
        value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[part];
      if (value !== undefined) return typeof value === 'string' ? value : JSON.stringify(value);
    }
    return undefined;
  };
  const stated = rowsBelow(CONFIGURATION, '## Settings').flatMap(([key, value]) => {
    const [name, text] = [codeIn(key), codeIn(value)];
    return name === null || text === null || name.startsWith('source.governs.') ? [] : [[name, text] as const];
  });
  assert.ok(stated.length > 12, 'hardly any default was found');
  for (const [key, text] of stated) assert.equal(text, valueAt(key), `the default of ${key}`);
});

test('the example configuration shows every key', () => {
  const text = textOf('config/reeve.example.yaml');
  const missing = CONFIG_KEYS.filter((key) => !new RegExp(String.raw`\b${key.split('.').at(-1) ?? ''}:`).test(text));
  assert.deepEqual(missing, []);
});

test('every clause that a comment cites exists', () => {
  const pages = new Map(
    (['semantics', 'api', 'delivery', 'authzen'] as const).map((page) => [page, anchorsOf(textOf(`docs/${page}.md`))]),
  );
  const found = [...sources()].flatMap(([path, text]) => citationsIn(text).map((citation) => ({ path, ...citation })));
  const dangling = found.filter(({ page, anchor }) => pages.get(page)?.has(anchor.toLowerCase()) !== true);
  assert.deepEqual(
    dangling.map(({ path, text }) => `${path}: ${text}`),
    [],
  );
  assert.ok(found.length > 150, `only ${found.length} citations were seen`);
  for (const page of pages.keys())
    assert.ok(
      found.some((one) => one.page === page),
      `nothing cites ${page}`,
    );
});

/** As web pages of Markdown name their headings. */
function slugsOf(page: string): ReadonlySet<string> {
  const titles = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every link between the documents leads to a page and a heading', () => {
  let seen = 0;
  for (const path of globSync('docs/*.md', { cwd: new URL('../../', import.meta.url) })) {
    for (const [, link = ''] of textOf(path).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      seen += 1;
      const [file = '', heading] = link.split('#');
      const page = textOf(file === '' ? path : `docs/${file}`);
      assert.ok(heading === undefined || slugsOf(page).has(heading), `${path}: ${link}`);
    }
  }
  assert.ok(seen > 15, `only ${seen} links were seen`);
});
