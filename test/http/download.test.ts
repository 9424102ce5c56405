import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  type Download,
  type DownloaderOptions,
  type DownloadRequest,
  openDownloader,
} from '../../src/http/download.ts';
import { OutboundError } from '../../src/http/outbound-error.ts';
import { type Script, scriptedServer } from '../support/scripted-server.ts';

const MAX_BYTES = 1_000;

async function download(
  t: TestContext,
  script: Script,
  more: Partial<DownloadRequest> = {},
  options: Partial<DownloaderOptions> = {},
): Promise<Download> {
  const server = await scriptedServer(t, script);
  const downloader = openDownloader({ baseUrl: `${server.origin}/base`, now: Date.now, ...options });
  t.after(() => downloader.close());
  return downloader.get({ path: '/file', maxBytes: MAX_BYTES, deadlineMs: 2_000, ...more });
}

async function codeOf(result: Promise<unknown>): Promise<string> {
  const error: unknown = await result.then(
    () => assert.fail('the download should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof OutboundError, String(error));
  return error.code;
}

test('a file comes back byte by byte, with the validator that belongs to it', async (t) => {
  const content = Buffer.from([0, 255, 10, 13, 200]);
  const seen: Record<string, unknown>[] = [];
  const answer = await download(t, (request, response) => {
    seen.push({ url: request.url, ...request.headers });
    response.writeHead(200, { etag: '"v1"' }).end(content);
  });
  assert.deepEqual(answer, { kind: 'bytes', bytes: content, etag: '"v1"' });
  const [request] = seen;
  assert.ok(request !== undefined);
  assert.equal(request['url'], '/base/file');
  assert.equal(request['accept-encoding'], 'identity');
  assert.equal(request['cache-control'], 'no-cache');
  assert.equal(request['if-none-match'], undefined);
});

test('a validator that could not be sent back is none', async (t) => {
  for (const etag of ['v1', '"a"b"', `"${'x'.repeat(300)}"`, '']) {
    const answer = await download(t, (_request, response) => void response.writeHead(200, { etag }).end('x'));
    assert.ok(answer.kind === 'bytes' && answer.etag === null, etag);
  }
  const weak = await download(t, (_request, response) => void response.writeHead(200, { etag: 'W/"a-1"' }).end('x'));
  assert.ok(weak.kind === 'bytes' && weak.etag === 'W/"a-1"');
});

test('304 is an answer to a validator, and to nothing else', async (t) => {
  const script: Script = (request, response) => {
    response.writeHead(request.headers['if-none-match'] === '"v1"' ? 304 : 500).end();
  };
  assert.deepEqual(await download(t, script, { ifNoneMatch: '"v1"' }), { kind: 'not_modified' });
  assert.equal(await codeOf(download(t, (_request, response) => void response.writeHead(304).end())), 'no_content');
});

test('what is not there is told apart from what went wrong', async (t) => {
  for (const status of [403, 404]) {
    const answer = await download(t, (_request, response) => void response.writeHead(status).end('no'));
    assert.ok(answer.kind === 'absent' && answer.status === status);
    assert.match(answer.subject, /^GET http:\/\/127\.0\.0\.1:\d+\/base\/file$/);
  }
  const codes = { 204: 'no_content', 206: 'no_content', 301: 'redirect', 302: 'redirect', 308: 'redirect' };
  const more = {
    400: 'http_status',
    401: 'unauthenticated',
    410: 'http_status',
    429: 'rate_limited',
    500: 'http_status',
  };
  for (const [status, code] of Object.entries({ ...codes, ...more, 503: 'unavailable' })) {
    const script: Script = (_request, response) => void response.writeHead(Number(status), { location: '/x' }).end();
    assert.equal(await codeOf(download(t, script)), code, status);
  }
});

test('429 and 503 carry how long to wait', async (t) => {
  for (const status of [429, 503]) {
    const script: Script = (_request, response) => void response.writeHead(status, { 'retry-after': '7' }).end();
    await assert.rejects(download(t, script), { retryAfterMs: 7_000 });
  }
});

test('the cap is exact, counted while reading, and an announced length is only a claim', async (t) => {
  const of =
    (length: number): Script =>
    (_request, response) =>
      void response.end('x'.repeat(length));
  const whole = await download(t, of(MAX_BYTES));
  assert.ok(whole.kind === 'bytes' && whole.bytes.length === MAX_BYTES);
  assert.equal(await codeOf(download(t, of(MAX_BYTES + 1))), 'too_large');
  let sent = 0;
  const endless: Script = (_request, response) => {
    const more = (): void => {
      sent += 1;
      if (!response.destroyed) response.write('x'.repeat(400), () => setImmediate(more));
    };
    more();
  };
  assert.equal(await codeOf(download(t, endless)), 'too_large');
  assert.ok(sent < 2_000, String(sent));
  const lying: Script = (_request, response) => {
    response.writeHead(200, { 'content-length': '500' });
    response.write('x');
    setTimeout(() => response.destroy(), 20);
  };
  assert.equal(await codeOf(download(t, lying)), 'truncated');
});

test('one deadline is over headers and body, and a run can be called off', async (t) => {
  const drip: Script = (_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'), 10);
    response.on('close', () => clearInterval(timer));
  };
  const started = performance.now();
  assert.equal(await codeOf(download(t, drip, { deadlineMs: 120 })), 'timeout');
  assert.equal(await codeOf(download(t, () => undefined, { deadlineMs: 80 })), 'timeout');
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 30);
  assert.equal(await codeOf(download(t, drip, { signal: stop.signal })), 'aborted');
  assert.ok(performance.now() - started < 1_500);
});

test('an encoding is refused: length and hash would be of other bytes', async (t) => {
  const script: Script = (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
  assert.equal(await codeOf(download(t, script)), 'unexpected_encoding');
});

test('one connection is kept, whatever the answers are', async (t) => {
  let connections = 0;
  const statuses = [404, 304, 200, 403];
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const status = statuses[Number(request.url?.slice(-1))] ?? 500;
    response.writeHead(status, { etag: '"v1"' }).end(status === 304 ? undefined : '<html>some page</html>');
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const downloader = openDownloader({ baseUrl, now: Date.now, keepAliveMs: 60_000 });
  t.after(() => downloader.close());
  const kinds: string[] = [];
  for (const index of [0, 1, 2, 3, 0, 1]) {
    const answer = await downloader.get({ path: `/${index}`, maxBytes: MAX_BYTES, ifNoneMatch: '"v1"' });
    kinds.push(answer.kind);
  }
  assert.deepEqual(kinds, ['absent', 'not_modified', 'bytes', 'absent', 'absent', 'not_modified']);
  assert.equal(connections, 1);
});
