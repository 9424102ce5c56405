import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readConfigFile } from '../../src/schema/config-file.ts';
import { durationMs } from '../../src/schema/source-config.ts';

const issuesOf = (text: string): readonly string[] => {
  const reading = readConfigFile(text);
  return reading.kind === 'invalid' ? reading.issues : [];
};

const SOURCE =
  'source:\n  type: governance\n  base_url: https://policy.example.com/v2\n  org: example\n  credential_file: /etc/reeve/credential.json\n';

test('an empty file is all defaults', () => {
  assert.deepEqual(readConfigFile(''), {
    kind: 'config',
    config: {
      sockets: { decide: null, admin: null },
      state_directory: null,
      source: null,
      preset: 'locked-down',
      local_directory: null,
      authzen: { identifier: 'https://reeve.invalid' },
      metadata_addresses: [],
      nat64_prefixes: [],
      decision_log: { enabled: true, max_age_days: 30, max_records: 10_000_000, max_megabytes: 4_096 },
      log: { level: 'info', destination: 'stderr', max_megabytes: 16, keep: 4 },
    },
  });
});

test('the example file shows exactly the defaults, and its source can be used once uncommented', () => {
  const text = readFileSync(new URL('../../config/reeve.example.yaml', import.meta.url), 'utf8');
  assert.deepEqual(readConfigFile(text), readConfigFile(''));
  const live = text.replace('source: null\n', '').replace(/^# (source:|  [a-z_]+:)/gm, '$1');
  const reading = readConfigFile(live);
  assert.ok(reading.kind === 'config', JSON.stringify(reading));
  assert.deepEqual(reading.config.source, {
    type: 'governance',
    base_url: 'https://policy.example.com/v2',
    org: 'example',
    credential_file: '/etc/reeve/credential.json',
    teams: null,
    interval: null,
    governs: 'auto',
    ignore_members: [],
    proxy: null,
    ca_file: null,
  });
});

test('the example shows the two other kinds of source as well, and each of their members', () => {
  const text = readFileSync(new URL('../../config/reeve.example.yaml', import.meta.url), 'utf8');
  const others = [...text.matchAll(/^## source:\n(?:##   .*\n)+/gm)].map(([block]) => block.replaceAll(/^## /gm, ''));
  const sources = others.map((block) => {
    const reading = readConfigFile(block);
    assert.ok(reading.kind === 'config', JSON.stringify(reading));
    return reading.config.source;
  });
  const common = { org: 'example', teams: null, interval: null };
  assert.deepEqual(sources, [
    {
      type: 'tuf',
      base_url: 'https://policy.example.com/example',
      ...common,
      root_file: '/etc/reeve/root.json',
      target: 'bundle.json.gz',
      proxy: null,
      ca_file: null,
    },
    { type: 'file', path: '/etc/reeve/bundle.json', ...common, public_keys: null },
  ]);
});

test('a target that could lead elsewhere is refused', () => {
  for (const target of ['../bundle.json.gz', '/bundle.json.gz', 'a/./b.json.gz', 'bundle.json', 'a b.json.gz', '']) {
    const written = { type: 'tuf', base_url: 'https://policy.example.com', org: 'x', root_file: '/r', target };
    assert.match(issuesOf(JSON.stringify({ source: written })).join(), /`source\.target`/, target);
  }
});

test('governs may be said for one domain and left open for the other', () => {
  const reading = readConfigFile(`${SOURCE}  governs: {network: true}\n  interval: 1s\n  teams: []\n`);
  assert.ok(reading.kind === 'config');
  const { source } = reading.config;
  assert.ok(source?.type === 'governance');
  assert.deepEqual([source.governs, source.teams], [{ network: true, filesystem: 'auto' }, []]);
});

test('an unknown member is refused by its name, wherever it stands', () => {
  assert.deepEqual(issuesOf('sokets: {}\n'), ['`sokets`: unknown member; correct it or leave it out']);
  assert.deepEqual(issuesOf('log: {levle: info}\n'), ['`log.levle`: unknown member; correct it or leave it out']);
  assert.deepEqual(issuesOf(`${SOURCE}  token: x\n`), ['`source.token`: unknown member; correct it or leave it out']);
  assert.deepEqual(issuesOf('__proto__: {}\nx: 1\n').length, 2);
});

test('each wrong value is named with what it must be, and is not repeated', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['preset: hunter2\n', /^`preset`: must be one of locked-down, balanced, open$/],
    ['sockets: {decide: hunter2.sock}\n', /^`sockets.decide`: must be an absolute path/],
    ['state_directory: /var/../hunter2\n', /^`state_directory`: must be an absolute path/],
    ['authzen: {identifier: "http://hunter2"}\n', /^`authzen.identifier`: must be a URL/],
    ['authzen: {identifier: "https://hunter2/path"}\n', /^`authzen.identifier`: must have no path$/],
    ['metadata_addresses: [hunter2]\n', /^`metadata_addresses.0`: must be an IPv4 or IPv6 address$/],
    ['nat64_prefixes: ["2001:db8::/64"]\n', /^`nat64_prefixes.0`: must be an IPv6 prefix of length 96$/],
    ['nat64_prefixes: ["10.0.0.0/8"]\n', /^`nat64_prefixes.0`: must be an IPv6 prefix of length 96$/],
    ['log: {level: hunter2}\n', /^`log.level`: must be one of debug, info, warn, error$/],
    ['log: hunter2\n', /^`log`: must be a mapping$/],
    ['source: {type: hunter2}\n', /^`source.type`: must be one of governance, tuf, file$/],
    [SOURCE.replace('https://policy', 'ftp://hunter2'), /^`source.base_url`: must be a URL/],
    [`${SOURCE}  interval: 2 hours\n`, /^`source.interval`: must be a duration/],
    [`${SOURCE}  interval: 2h\n`, /^`source.interval`: must be at most `1h`$/],
    [`${SOURCE}  proxy: "hunter2"\n`, /^`source.proxy`: must be a URL/],
    ['- hunter2\n', /^the file: must be a mapping$/],
    ['a: hunter2\na: 1\n', /^line 1: a mapping has the same key twice$/],
  ];
  for (const [text, message] of cases) {
    const issues = issuesOf(text);
    assert.match(issues[0] ?? 'accepted', message);
    assert.ok(!issues.join().includes('hunter2'), issues.join());
  }
});

test('a source without its mandatory members names each of them', () => {
  assert.deepEqual(
    issuesOf('source: {type: governance}\n').map((issue) => issue.split(':')[0]),
    ['`source.base_url`', '`source.org`', '`source.credential_file`'],
  );
});

test('durations are seconds, minutes and hours', () => {
  assert.deepEqual(['1s', '120s', '2m', '1h'].map(durationMs), [1_000, 120_000, 120_000, 3_600_000]);
});
