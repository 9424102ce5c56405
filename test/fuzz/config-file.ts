import assert from 'node:assert/strict';
import { readConfigFile } from '../../src/schema/config-file.ts';
import { formatYaml } from '../../src/schema/yaml.ts';
import { assertMessage } from './judged.ts';
import { mutatedText } from './mutation.ts';
import { fuzzTarget } from './target.ts';

const FILES = [
  '',
  formatYaml({
    sockets: { decide: '/run/reeve/decide.sock', admin: '/run/reeve/admin.sock' },
    state_directory: '/var/lib/reeve',
    source: {
      type: 'governance',
      base_url: 'https://policy.example.com/v2',
      org: 'acme',
      credential_file: '/etc/reeve/credential.json',
      teams: ['core'],
      interval: '120s',
      governs: { network: true, filesystem: 'auto' },
      ignore_members: ['note'],
      proxy: 'http://proxy.example:3128',
      ca_file: '/etc/ssl/own.pem',
    },
    preset: 'balanced',
    local_directory: '/etc/reeve/local.d',
    authzen: { identifier: 'https://pdp.example.com' },
    metadata_addresses: ['169.254.42.42', 'fd00::1'],
    nat64_prefixes: ['2001:db8:64::/96'],
    log: { level: 'info', destination: '/var/log/reeve.log' },
  }),
  'preset: open\nsource: null\nlog: {level: debug}\n',
];

const WORDS = [
  '\n',
  '  ',
  ': ',
  '- ',
  'null',
  '~',
  '&a ',
  '*a',
  '!!str ',
  '[]',
  '{}',
  '0s',
  '9999h',
  '61m',
  'https://',
  'http://[::1',
  'https://a/b?c#d',
  'https://user:pw@a',
  '/../',
  '//',
  '/a\\x00',
  '__proto__: {}\n',
  'preset: open\n',
  'governs: auto\n',
  '/96',
  '::ffff:0:0/96',
  'true',
  '\\ud800',
];

/** The configuration file: a list of one-line problems, or a whole configuration that reads as itself. */
export const CONFIG_FILE = fuzzTarget<string>('config-file', 'CONFIG_FILE', () => ({
  inputs: mutatedText(FILES, WORDS, 2_000),
  check(text) {
    const reading = readConfigFile(text);
    if (reading.kind === 'invalid') {
      assert.ok(reading.issues.length > 0);
      reading.issues.forEach(assertMessage);
    } else assert.deepEqual(readConfigFile(formatYaml(reading.config)), reading);
  },
}));
