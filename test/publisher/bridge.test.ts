import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { type BridgeOptions, bridgeOnce, runBridge } from '../../src/publisher/bridge-service.ts';
import { headOf } from '../../src/publisher/bundle-head.ts';
import type { PublicationReport } from '../../src/publisher/publication-report.ts';
import { newestBundle } from '../../src/publisher/published-document.ts';
import {
  NETWORK_RULE,
  newCredential,
  newPolicy,
  newRule,
  POLICIES,
  type RunningServer,
  startServer,
} from '../control-plane/running-server.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { newSite, ORG, publishingKeys, rootDocument, type Site, signedRoot, TARGET } from './organisation.ts';

const MINUTE = 60_000;

interface Bridge {
  readonly server: RunningServer;
  readonly site: Site;
  readonly options: BridgeOptions;
  /** Moves the bridge's clock. */
  readonly pass: (ms: number) => void;
  readonly names: () => readonly string[];
}

async function bridge(t: TestContext): Promise<Bridge> {
  const server = await startServer(t);
  const site = newSite(t);
  const file = join(tempDirectory(t), 'credential.json');
  writeFileSync(file, JSON.stringify(newCredential(server.database, 'machine')), { mode: 0o600 });
  let offset = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + offset };
  const now = Date.now();
  const root = signedRoot(
    rootDocument(site.keys, { expires: Math.floor(now / 1_000) * 1_000 + 365 * 86_400_000 }),
    site.keys.root,
  );
  return {
    server,
    site,
    pass: (ms) => (offset += ms),
    options: {
      clock,
      config: { baseUrl: server.plane.url, org: ORG, credentialFile: file, intervalMs: 1_000 },
      outlet: {
        ...{ repository: site.repository, path: TARGET, keys: publishingKeys(site.keys), root },
        head: headOf({ org: ORG, governed: ['network'], expires_in: 'P90D' }),
        ...{ resignEveryMs: 3_600_000, version: '9.9.9' },
      },
    },
    names: () => (newestBundle(site.repository, TARGET)?.bundle.policies ?? []).map(({ name }) => name),
  };
}

test('what the API lists is published, and again only when it says something new', async (t) => {
  const { server, options, names } = await bridge(t);
  await newRule(server, await newPolicy(server, 'egress'));
  const first = await bridgeOnce(options);
  assert.deepEqual([first.report?.result, first.report?.bundles[0]?.revision], ['published', '1']);
  const again = await bridgeOnce(options);
  assert.deepEqual([again.report?.result, again.report?.bundles[0]?.revision], ['refreshed', '1']);
  await newPolicy(server, 'another');
  const changed = await bridgeOnce(options);
  assert.equal(changed.report?.bundles[0]?.revision, '2');
  assert.deepEqual(names().toSorted(), ['another', 'egress']);
});

test('a head that cannot be published is an error, and what is published is fresh all the same', async (t) => {
  const { server, site, options } = await bridge(t);
  await newPolicy(server, 'egress');
  await bridgeOnce(options);
  const versions = (): readonly unknown[] =>
    ['metadata/timestamp.json', 'metadata/2.targets.json'].map((path) => {
      const bytes = site.read(path);
      return bytes === null ? null : (JSON.parse(String(bytes)) as { signed: { version: number } }).signed.version;
    });
  assert.deepEqual(versions(), [1, null]);
  const ladder = { warn_after: 'PT3H', restrict_after: 'P2D', block_after: 'P5D' };
  const tests = [{ name: 'no', request: { action: 'connect:tcp', host: 'x.example', port: 443 }, expect: 'allow' }];
  for (const [index, [more, code]] of (
    [
      [{ staleness: ladder }, 'rule_broken'],
      [{ tests }, 'failing_test'],
    ] as const
  ).entries()) {
    const head = headOf({ org: ORG, governed: ['network'], expires_in: 'P90D', ...more });
    await assert.rejects(bridgeOnce({ ...options, outlet: { ...options.outlet, head } }), { code });
    assert.deepEqual(versions(), [index + 2, null]);
  }
});

test('another head is something new', async (t) => {
  const { server, options } = await bridge(t);
  await newPolicy(server, 'egress');
  await bridgeOnce(options);
  const head = headOf({ org: ORG, governed: ['network', 'filesystem'], expires_in: 'P90D' });
  const { report } = await bridgeOnce({ ...options, outlet: { ...options.outlet, head } });
  assert.equal(report?.bundles[0]?.revision, '2');
});

test('a policy that is gone stays published until two listings a minute apart agree', async (t) => {
  const { server, options, pass, names } = await bridge(t);
  const policy = await newPolicy(server, 'doomed');
  await newPolicy(server, 'egress');
  await bridgeOnce(options);
  await server.ask(`DELETE ${POLICIES}/${policy}`);
  const held = await bridgeOnce(options);
  assert.deepEqual(
    [held.synced.kind === 'ok' && held.synced.heldPolicies, held.report?.result],
    [[policy], 'refreshed'],
  );
  assert.deepEqual(names().toSorted(), ['doomed', 'egress']);
  pass(61_000);
  await bridgeOnce(options);
  assert.deepEqual(names(), ['egress']);
});

test('a bridge that lost its memory misses what it has published', async (t) => {
  const { server, options, site, names } = await bridge(t);
  const policy = await newPolicy(server, 'doomed');
  await newPolicy(server, 'egress');
  await bridgeOnce(options);
  rmSync(join(site.repository, '.publisher'), { recursive: true });
  await server.ask(`DELETE ${POLICIES}/${policy}`);
  await bridgeOnce(options);
  assert.deepEqual(names().toSorted(), ['doomed', 'egress']);
});

test('a first listing without policies publishes nothing until it is confirmed', async (t) => {
  const { options, pass, names, site } = await bridge(t);
  const first = await bridgeOnce(options);
  assert.deepEqual([first.synced.kind === 'ok' && first.synced.result, first.report], ['waiting', null]);
  assert.equal(site.read('metadata/timestamp.json'), null);
  pass(61_000);
  const second = await bridgeOnce(options);
  assert.equal(second.report?.result, 'published');
  assert.deepEqual(names(), []);
});

test('a server that fails changes nothing, and says why', async (t) => {
  const { server, options, names } = await bridge(t);
  await newPolicy(server, 'egress');
  await bridgeOnce(options);
  await server.plane.close();
  const { synced, report } = await bridgeOnce(options);
  assert.deepEqual([synced.kind, report, names()], ['failed', null, ['egress']]);
});

test('a bundle that ends before long is published again although nothing is new', async (t) => {
  const { server, options, pass } = await bridge(t);
  await newPolicy(server, 'egress');
  await bridgeOnce(options);
  pass(61 * 24 * 60 * MINUTE);
  const { report } = await bridgeOnce(options);
  assert.equal(report?.bundles[0]?.revision, '2');
});

test('a bridge that stays publishes what changes, soon', async (t) => {
  const { server, options, site } = await bridge(t);
  const policy = await newPolicy(server, 'egress');
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  t.after(() => stop());
  const reports: PublicationReport[] = [];
  let heard = (): void => undefined;
  const reported = (): Promise<void> => new Promise((resolve) => (heard = resolve));
  const events = {
    onReport: (report: PublicationReport) => {
      reports.push(report);
      heard();
    },
    onTrouble: () => undefined,
    onFailure: (error: unknown) => assert.fail(String(error)),
  };
  const first = reported();
  const running = runBridge(options, events, stopped);
  await first;
  const next = reported();
  await newRule(server, policy, NETWORK_RULE);
  await next;
  assert.deepEqual(
    reports.map(({ bundles }) => bundles[0]?.revision),
    ['1', '2'],
  );
  assert.equal(newestBundle(site.repository, TARGET)?.bundle.revision, '2');
  stop();
  await running;
});
