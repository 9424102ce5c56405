import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDownloader } from '../../src/http/download.ts';
import { inspectRepository } from '../../src/publisher/inspect-repository.ts';
import { readOverHttp } from '../../src/publisher/read-published.ts';
import { bundleChange, NOW, newSite, type Site } from '../publisher/organisation.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { startServer } from './running-server.ts';

async function serving(
  t: TestContext,
): Promise<{ site: Site; url: string; get: (path: string, init?: RequestInit) => Promise<Response> }> {
  const site = newSite(t);
  await site.publish({ root: site.root, change: bundleChange() });
  const server = await startServer(t, { repository: site.repository });
  const url = server.plane.url.replace(/v2$/, 'tuf');
  return { site, url, get: (path, init) => fetch(`${url}/${path}`, { ...init, signal: AbortSignal.timeout(10_000) }) };
}

test('a daemon verifies everything that is served, from the pinned root to the bundle', async (t) => {
  const { site, url } = await serving(t);
  const downloader = openDownloader({ baseUrl: url, now: () => NOW });
  t.after(() => downloader.close());
  const report = await inspectRepository({
    ...{ read: readOverHttp(downloader), pinned: site.root, now: NOW, paths: null, held: null },
    ...{ org: 'acme', version: '9.9.9' },
  });
  assert.deepEqual(
    report.bundles.map(({ revision }) => revision),
    ['1'],
  );
});

test('each kind of file has the cache headers that a fleet needs, and nothing is compressed', async (t) => {
  const { get } = await serving(t);
  const cases = [
    ['metadata/timestamp.json', 200, 'max-age=30, must-revalidate'],
    ['metadata/1.root.json', 200, 'max-age=31536000, immutable'],
    ['metadata/1.snapshot.json', 200, 'max-age=31536000, immutable'],
    ['metadata/2.root.json', 404, 'max-age=60'],
  ] as const;
  for (const [path, status, cache] of cases) {
    const response = await get(path, { headers: { 'accept-encoding': 'gzip' } });
    assert.deepEqual([response.status, response.headers.get('cache-control')], [status, cache], path);
    assert.deepEqual([response.headers.get('content-encoding'), response.headers.get('accept-ranges')], [null, null]);
    await response.arrayBuffer();
  }
});

test('a timestamp that changed within a second, with the same length and time, is seen', async (t) => {
  const { site, get } = await serving(t);
  const path = join(site.repository, 'metadata/timestamp.json');
  const first = await get('metadata/timestamp.json');
  const etag = first.headers.get('etag') ?? '';
  const text = await first.text();
  const held = await get('metadata/timestamp.json', { headers: { 'if-none-match': etag } });
  assert.deepEqual([held.status, await held.text(), held.headers.get('etag')], [304, '', etag]);
  writeFileSync(path, text.replace('"sig":"', '"sig":"').replace(/.(?="}],"signed)/, 'x'));
  utimesSync(path, NOW / 1_000, NOW / 1_000);
  const changed = await get('metadata/timestamp.json', { headers: { 'if-none-match': etag } });
  assert.equal(changed.status, 200);
  assert.equal((await changed.text()).length, text.length);
});

test('HEAD has everything but the body; other methods are refused', async (t) => {
  const { get } = await serving(t);
  const head = await get('metadata/1.root.json', { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
  assert.ok(Number(head.headers.get('content-length')) > 1_000);
  const post = await get('metadata/1.root.json', { method: 'POST', body: '{}' });
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD']);
});

/** Without a client that would tidy the path up. */
function asWritten(url: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const path = url.slice(url.indexOf('/tuf/'));
    request({ hostname, port, path, agent: false, timeout: 5_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response
        .on('data', (chunk: string) => (text += chunk))
        .on('end', () => resolve({ status: response.statusCode, text }));
    })
      .on('error', reject)
      .end();
  });
}

test('nothing is served that is no file of a repository', async (t) => {
  const { site, url } = await serving(t);
  const outside = join(tempDirectory(t), 'secret');
  writeFileSync(outside, 'secret');
  symlinkSync(outside, join(site.repository, 'metadata', '5.targets.json'));
  mkdirSync(join(site.repository, 'metadata', '6.targets.json'));
  execFileSync('mkfifo', [join(site.repository, 'metadata', '7.targets.json')]);
  writeFileSync(join(site.repository, 'metadata', '.writing-x'), 'secret');
  const paths = [
    '.publisher/lock.db',
    'metadata/.writing-x',
    'metadata/../.publisher/lock.db',
    'metadata/%2e%2e/.publisher/lock.db',
    'metadata/5.targets.json',
    'metadata/6.targets.json',
    'metadata/7.targets.json',
    'metadata/01.root.json',
    'metadata/',
    '',
    'targets/x.bundle.json.gz',
    `targets/../metadata/${'0'.repeat(64)}.x`,
    '//etc/passwd',
    'metadata/timestamp.json/',
    'metadata/timestamp.json%00',
  ];
  for (const path of paths) {
    const { status, text } = await asWritten(`${url}/${path}`);
    assert.equal(status, 404, path);
    assert.ok(!text.includes('secret'), path);
  }
});

test('without a repository there is none, and with one the API is as it was', async (t) => {
  const plain = await startServer(t);
  const bare = await fetch(`${plain.plane.url.replace(/v2$/, 'tuf')}/metadata/timestamp.json`);
  assert.equal(bare.status, 404);
  await bare.arrayBuffer();
  const { site } = await serving(t);
  const server = await startServer(t, { repository: site.repository });
  assert.equal((await server.ask('GET /orgs/acme/governance/policies')).status, 200);
  await fetch(`${server.plane.url.replace(/v2$/, 'tuf')}/metadata/nothing-${'x'.repeat(9)}`).then((response) =>
    response.arrayBuffer(),
  );
  // a poll of a fleet is no news
  assert.ok(server.log.every((entry) => entry.event !== 'request' || !entry.path.startsWith('/tuf')));
});
