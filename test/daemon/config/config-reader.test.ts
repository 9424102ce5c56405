import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ConfigReader } from '../../../src/daemon/config/config-reader.ts';
import { loadConfig, ownInstallation } from '../../../src/daemon/config/load-config.ts';
import { eventually, machine, within } from '../../support/daemon-process.ts';

describe('the configuration of a running daemon', () => {
  test('is read as at the start, and to the same', async (t) => {
    const { config: file, configure } = machine(t);
    configure({ preset: 'balanced', nat64_prefixes: ['2001:db8:64::/96'] });
    const reader = new ConfigReader({ file, service: undefined });
    const reading = await within(10_000, 'the reading', reader.read());
    assert.deepEqual(reading, { kind: 'config', config: loadConfig(file, ownInstallation()) });
    await eventually('the end of the thread', () => reader.lost === 0);
  });

  test('is refused with the code and the words of a start', async (t) => {
    const { config: file, configure } = machine(t);
    const reader = new ConfigReader({ file, service: undefined });
    configure({ prset: 'open' });
    const unknown = await within(10_000, 'the reading', reader.read());
    assert.ok(unknown.kind === 'refused');
    assert.deepEqual([unknown.code, /`prset`: unknown member/.test(unknown.message)], ['config_invalid', true]);
    chmodSync(file, 0o666);
    const open = await within(10_000, 'the reading', reader.read());
    assert.ok(open.kind === 'refused');
    assert.equal(open.code, 'config_untrusted');
  });

  test('is of the kind of service that was started', async (t) => {
    const { config: file, configure } = machine(t);
    configure();
    const reading = await within(10_000, 'the reading', new ConfigReader({ file, service: 'user' }).read());
    assert.ok(reading.kind === 'config');
    assert.equal(reading.config.service, 'user');
  });

  test('that takes longer than its deadline is given up, and the thread with it', async (t) => {
    const { config: file, configure } = machine(t);
    configure();
    const reader = new ConfigReader({ file, service: undefined }, 1);
    const reading = await within(10_000, 'the reading', reader.read());
    assert.ok(reading.kind === 'refused');
    assert.deepEqual([reading.code, reader.lost], ['config_unreadable', 1]);
    await eventually('the end of the thread', () => reader.lost === 0);
  });
});
