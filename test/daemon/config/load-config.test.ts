import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError, type ConfigErrorCode } from '../../../src/daemon/config/config-error.ts';
import { loadConfig } from '../../../src/daemon/config/load-config.ts';
import { loadPreset } from '../../../src/sources/presets.ts';
import { tempDirectory } from '../../support/temp-tree.ts';
import { configOf, installation } from '../config.ts';

const ROOT = process.geteuid?.() === 0;
/** An ordinary user; root's files are trusted for it too. */
const USER = installation({ uid: ROOT ? 1000 : (process.geteuid?.() ?? 0) });

function refused(code: ConfigErrorCode, message: RegExp, load: () => unknown): void {
  assert.throws(load, (error) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

const SOURCE = {
  type: 'governance',
  base_url: 'https://policy.example.com/v2',
  org: 'acme',
  credential_file: '/c.json',
};

describe('an empty configuration file', () => {
  test('is a locked-down system service for root, in the places of the system', { skip: !ROOT }, () => {
    const { file, ...config } = configOf('');
    assert.match(file, /^\/.*\/reeve\.yaml$/);
    assert.deepEqual(
      [config.service, config.decideSocket, config.adminSocket, config.stateDirectory, config.localDirectory],
      [
        'system',
        `${installation().layout.systemDirectory}/decide.sock`,
        `${installation().layout.systemDirectory}/admin.sock`,
        '/var/lib/reeve',
        '/etc/reeve/local.d',
      ],
    );
    assert.deepEqual(
      [config.source, config.preset, config.localOwners],
      [null, { name: 'locked-down', rules: [] }, [0]],
    );
    assert.equal(config.authzenIdentifier, 'https://reeve.invalid');
    assert.deepEqual(config.log, { level: 'info', file: null });
  });

  test('is a user service for anybody else, in that user’s home', () => {
    const config = configOf('# nothing\n', USER);
    const run = USER.layout.userStateDirectory ?? '';
    assert.deepEqual(
      [config.service, config.decideSocket, config.adminSocket, config.stateDirectory, config.localDirectory],
      [
        'user',
        `${run}/decide.sock`,
        `${run}/admin.sock`,
        '/srv/home/.local/state/reeve',
        '/srv/home/.config/reeve/local.d',
      ],
    );
    assert.deepEqual(config.localOwners, [0, USER.uid]);
  });
});

describe('a configuration file', () => {
  test('sets every place, the admin socket beside the decide socket by default', () => {
    const config = configOf({
      sockets: { decide: '/srv/r/decide.sock' },
      state_directory: '/srv/s',
      local_directory: '/srv/l',
      preset: 'open',
      authzen: { identifier: 'https://pdp.example.com/' },
      log: { level: 'warn', destination: '/srv/log' },
      metadata_addresses: ['10.0.0.1'],
      nat64_prefixes: ['2001:db8:64::/96'],
    });
    assert.deepEqual(
      [config.decideSocket, config.adminSocket, config.stateDirectory, config.localDirectory, config.preset],
      ['/srv/r/decide.sock', '/srv/r/admin.sock', '/srv/s', '/srv/l', loadPreset('open')],
    );
    assert.equal(config.authzenIdentifier, 'https://pdp.example.com');
    const rotation = { maxBytes: 16 * 1024 ** 2, keep: 4 };
    assert.deepEqual(config.log, { level: 'warn', file: '/srv/log', rotation });
    assert.deepEqual([config.metadataAddresses, config.nat64Prefixes], [['10.0.0.1'], ['2001:db8:64::/96']]);
  });

  test('names a source; what is `auto` is left to the policies', () => {
    const { source } = configOf({
      source: { ...SOURCE, interval: '2m', teams: ['eng'], governs: { network: true }, proxy: 'http://127.0.0.1:3128' },
    });
    assert.deepEqual(source, {
      type: 'governance',
      trustedFiles: [],
      baseUrl: 'https://policy.example.com/v2',
      org: 'acme',
      credentialFile: '/c.json',
      ignoreMembers: [],
      teams: ['eng'],
      governs: { network: true },
      intervalMs: 120_000,
      proxy: 'http://127.0.0.1:3128',
    });
    assert.deepEqual(configOf({ source: SOURCE }).source?.governs, {});
    assert.equal(configOf({ source: SOURCE }).source?.teams, null);
  });

  test('reads the pinned root and the public keys with the configuration, by its own rules', (t) => {
    const directory = tempDirectory(t);
    const [root, key] = [join(directory, 'root.json'), join(directory, 'key.pem')];
    writeFileSync(root, '{"signed":{}}', { mode: 0o644 });
    writeFileSync(key, 'PEM', { mode: 0o644 });
    const tuf = { type: 'tuf', base_url: 'https://policy.example.com/acme/', org: 'acme', root_file: root };
    assert.deepEqual(configOf({ source: tuf }).source, {
      type: 'tuf',
      org: 'acme',
      teams: null,
      governs: {},
      trustedFiles: [root],
      baseUrl: 'https://policy.example.com/acme/',
      pinnedRoot: '{"signed":{}}',
      target: 'bundle.json.gz',
    });
    const teamsOf = (more: object) => configOf({ source: { ...tuf, ...more } }).source?.teams;
    assert.deepEqual(teamsOf({ target: 'research/bundle.json.gz' }), ['research']);
    assert.deepEqual(teamsOf({ target: 'research/bundle.json.gz', teams: ['eng', 'research'] }), ['research', 'eng']);
    assert.deepEqual(teamsOf({ target: 'emea/research/bundle.json.gz' }), null);
    assert.deepEqual(teamsOf({ target: 'bundle.json.gz', teams: [] }), []);
    const file = { type: 'file', path: '/srv/bundle.json', org: 'acme', interval: '1s', public_keys: [key] };
    const uid = process.geteuid?.() ?? 0;
    assert.deepEqual(configOf({ source: file }).source, {
      type: 'file',
      org: 'acme',
      teams: null,
      governs: {},
      trustedFiles: ['/srv/bundle.json', key],
      intervalMs: 1_000,
      path: '/srv/bundle.json',
      owners: uid === 0 ? [0] : [0, uid],
      publicKeys: ['PEM'],
    });
    chmodSync(root, 0o666);
    refused('config_untrusted', /can be written by its group or by others/, () => configOf({ source: tuf }));
    chmodSync(root, 0o644);
    writeFileSync(root, 'x'.repeat(40_000));
    refused('config_untrusted', /larger than 32768 bytes/, () => configOf({ source: tuf }));
    rmSync(root);
    symlinkSync(key, root);
    refused('config_untrusted', /is a link/, () => configOf({ source: tuf }));
  });

  test('may poll every second on loopback only, and every 30 s elsewhere', () => {
    const every = (base_url: string, interval: string): number | undefined =>
      configOf({ source: { ...SOURCE, base_url, interval } }).source?.intervalMs;
    for (const loopback of ['http://127.0.0.1:8080/v2', 'http://localhost/v2', 'https://[::1]/v2']) {
      assert.equal(every(loopback, '1s'), 1_000, loopback);
    }
    for (const elsewhere of [
      'https://policy.example.com/v2',
      'https://localhost.example.com/v2',
      'https://10.0.0.1/v2',
    ]) {
      refused('config_invalid', /below 30s is for a source on loopback only/, () => every(elsewhere, '29s'));
      assert.equal(every(elsewhere, '30s'), 30_000, elsewhere);
    }
    assert.equal(every('https://policy.example.com/v2', '1h'), 3_600_000);
    refused('config_invalid', /`source\.interval`/, () => every('https://policy.example.com/v2', '61m'));
    refused('config_invalid', /`source\.interval`/, () => every('http://127.0.0.1/v2', '0s'));
  });

  test('is refused with every problem named and no value repeated', () => {
    const secret = 'hunter2-hunter2';
    refused('config_invalid', /`source\.org`: must be.*`prset`: unknown member/, () =>
      configOf({ prset: secret, source: { ...SOURCE, org: 7 } }),
    );
    refused(
      'config_invalid',
      /`source\.base_url`: is missing; `source\.org`: is missing; .*`log\.level`: must be/,
      () => configOf({ source: { type: 'governance' }, log: { level: null } }),
    );
    for (const [base_url, trouble] of [
      [
        'http://policy.example.com',
        /^\/.*: `source\.base_url`: `http:\/\/policy\.example\.com` is not this machine: use https/,
      ],
      [`https://a:${secret}@policy.example.com`, /`source\.base_url`: the base URL must have no user/],
    ] as const)
      refused('config_invalid', trouble, () => configOf({ source: { ...SOURCE, base_url } }));
    for (const content of [
      { [`x${'y'.repeat(500)}`]: 1 },
      { preset: secret },
      { source: { ...SOURCE, base_url: secret } },
      `- ${secret}`,
      `a: ${secret}\na: 1`,
      `a: [${secret}`,
    ]) {
      refused('config_invalid', /^\/.*: /, () => configOf(content));
      assert.throws(
        () => configOf(content),
        (error: Error) =>
          !error.message.includes(secret) && !error.message.includes('\n') && error.message.length < 500,
      );
    }
    refused('config_invalid', /is not UTF-8/, () => configOf(Buffer.from([0x61, 0x3a, 0xff])));
  });

  test('must be a file that only its owner can write, in directories of which that holds too', (t) => {
    const root = tempDirectory(t);
    const file = join(root, 'reeve.yaml');
    refused('config_untrusted', /there is no/, () => loadConfig(file, installation()));
    writeFileSync(file, '', { mode: 0o600 });
    loadConfig(file, installation());
    for (const mode of [0o620, 0o602, 0o666]) {
      chmodSync(file, mode);
      refused('config_untrusted', /chmod go-w it/, () => loadConfig(file, installation()));
    }
    chmodSync(file, 0o644);
    chmodSync(root, 0o770);
    refused('config_untrusted', /chmod go-w it/, () => loadConfig(file, installation()));
    chmodSync(root, 0o755);
    symlinkSync('reeve.yaml', join(root, 'link.yaml'));
    refused('config_untrusted', /is a link/, () => loadConfig(join(root, 'link.yaml'), installation()));
    refused('config_untrusted', /is no regular file/, () => loadConfig(root, installation()));
  });

  test('of a system service belongs to root alone', { skip: !ROOT }, async (t) => {
    const { chownSync } = await import('node:fs');
    const root = tempDirectory(t);
    const file = join(root, 'reeve.yaml');
    writeFileSync(file, '', { mode: 0o600 });
    chownSync(file, 1000, 0);
    refused('config_untrusted', /belongs to uid 1000; it must belong to uid 0/, () => loadConfig(file, installation()));
    assert.equal(loadConfig(file, USER).service, 'user');
  });

  test('is known by a path without dots, because a rule protects it', (t) => {
    const root = tempDirectory(t);
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'reeve.yaml'), '', { mode: 0o600 });
    assert.equal(loadConfig(`${root}/sub/.././/reeve.yaml`, installation()).file, join(root, 'reeve.yaml'));
  });
});

describe('a user’s own daemon', () => {
  test('does not start where the system has one, unless its sockets are named', (t) => {
    const systemDirectory = tempDirectory(t);
    for (const directories of [{ systemDirectory }, { systemConfigDirectory: systemDirectory }]) {
      const at = { ...USER, layout: { ...USER.layout, ...directories } };
      refused('system_install_exists', /use that one, or name other sockets/, () => configOf('', at));
      assert.equal(configOf({ sockets: { decide: '/srv/d.sock' } }, at).decideSocket, '/srv/d.sock');
    }
  });

  test('without a home says which places it has to be told', () => {
    const homeless = { ...USER, home: null, layout: { ...USER.layout, userStateDirectory: null } };
    refused('no_home', /no directory for sockets: name them with `sockets\.decide`/, () => configOf('', homeless));
    const sockets = { decide: '/srv/d.sock' };
    refused('no_home', /set `state_directory` and `local_directory`/, () => configOf({ sockets }, homeless));
    refused('no_home', /set `state_directory`/, () => configOf({ sockets, local_directory: '/srv/l' }, homeless));
    const told = configOf({ sockets, local_directory: '/srv/l', state_directory: '/srv/s' }, homeless);
    assert.deepEqual([told.stateDirectory, told.localDirectory], ['/srv/s', '/srv/l']);
  });
});
