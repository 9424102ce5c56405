import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { type Outbound, type OutboundOptions, openOutbound } from '../../src/http/outbound.ts';
import type { OutboundAnswer } from '../../src/http/outbound-answer.ts';
import { OutboundError } from '../../src/http/outbound-error.ts';
import { answerJson, type Script, scriptedServer } from '../support/scripted-server.ts';

const TOKEN = 'token-that-nobody-may-see';
const SECRET = 'secret-that-nobody-may-see';
const MAX_BYTES = 1_000;

function open(t: TestContext, baseUrl: string, more: Partial<OutboundOptions> = {}): Outbound {
  const outbound = openOutbound({ baseUrl, now: Date.now, deadlineMs: 2_000, ...more });
  t.after(() => outbound.close());
  return outbound;
}

function get(outbound: Outbound, signal?: AbortSignal): Promise<OutboundAnswer> {
  const more = signal === undefined ? {} : { signal };
  return outbound.send({ method: 'GET', path: '/thing', token: TOKEN, maxBytes: MAX_BYTES, ...more });
}

/** The error of a request, which shows neither token nor secret, however closely one looks. */
async function errorOf(request: Promise<unknown>): Promise<OutboundError> {
  const error: unknown = await request.then(
    () => assert.fail('the request should have failed'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof OutboundError, inspect(error));
  const everything = inspect(error, { depth: 20, showHidden: true });
  assert.ok(!everything.includes(TOKEN) && !everything.includes(SECRET), everything);
  assert.equal(error.stage, 'fetch');
  assert.ok(!error.message.includes('\n'));
  return error;
}

async function failing(t: TestContext, script: Script, more: Partial<OutboundOptions> = {}): Promise<OutboundError> {
  const server = await scriptedServer(t, script);
  return errorOf(get(open(t, `${server.origin}/v2`, more)));
}

test('a JSON answer comes back as its value, with the time the server had', async (t) => {
  const server = await scriptedServer(t, (_request, response) =>
    answerJson(
      response,
      200,
      { ok: true },
      { date: 'Mon, 01 Jun 2026 12:00:00 GMT', 'content-type': 'application/problem+json; charset=utf-8' },
    ),
  );
  const answer = await open(t, `${server.origin}/v2/`).send({
    method: 'POST',
    path: '/a%2Fb',
    query: { page_token: 'x&y=/' },
    body: { secret: SECRET },
    maxBytes: MAX_BYTES,
  });
  assert.deepEqual(answer, { value: { ok: true }, date: Date.parse('2026-06-01T12:00:00Z') });
  const [seen] = server.seen;
  assert.ok(seen !== undefined);
  assert.equal(seen.url, '/v2/a%2Fb?page_token=x%26y%3D%2F');
  assert.equal(seen.headers['cache-control'], 'no-cache');
  assert.equal(seen.headers['authorization'], undefined);
  assert.equal(seen.body, JSON.stringify({ secret: SECRET }));
});

test('a redirect is an error, and the place it names is never asked', async (t) => {
  const elsewhere = await scriptedServer(t, (_request, response) => answerJson(response, 200, {}));
  for (const status of [301, 302, 303, 307, 308]) {
    const error = await failing(t, (_request, response) => {
      response.writeHead(status, { location: `${elsewhere.origin}/?x=${SECRET}` }).end();
    });
    assert.equal(error.code, 'redirect');
  }
  assert.equal(elsewhere.seen.length, 0);
});

test('a page for a person is not an answer', async (t) => {
  const error = await failing(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>please sign in ${TOKEN}</html>`);
  });
  assert.equal(error.code, 'not_json');
  assert.match(error.message, /captive portal/);
});

test('a page that calls itself JSON is found out', async (t) => {
  const error = await failing(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(`<html>${SECRET}`);
  });
  assert.equal(error.code, 'invalid_json');
});

test('JSON with a repeated name, invalid UTF-8 or an early end is no answer', async (t) => {
  for (const body of [
    '{"decision":"deny","decision":"allow"}',
    Buffer.from([0x22, 0xff, 0x22]),
    '{"data":[{"id":',
    '',
  ]) {
    const error = await failing(t, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    assert.equal(error.code, 'invalid_json', String(body));
  }
});

test('304, 204 and other successes without content are no answer', async (t) => {
  for (const status of [201, 202, 204, 206, 304]) {
    const error = await failing(t, (_request, response) => void response.writeHead(status).end());
    assert.equal(error.code, 'no_content', String(status));
  }
});

test('an answer that breaks off is an error, announced length or not', async (t) => {
  const announced = await failing(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    response.write('{"a":');
    setTimeout(() => response.destroy(), 20);
  });
  const chunked = await failing(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"a":1}');
    setTimeout(() => response.destroy(), 20);
  });
  assert.deepEqual([announced.code, chunked.code], ['truncated', 'truncated']);
});

test('a body is counted while it arrives, and one that is announced as too large is not read', async (t) => {
  const announced = await failing(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' }).end('x'.repeat(5_000));
  });
  let sent = 0;
  const endless = await failing(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = (): void => {
      sent += 1;
      if (response.writable && !response.destroyed) response.write(' '.repeat(400), () => setImmediate(more));
    };
    more();
  });
  assert.deepEqual([announced.code, endless.code], ['too_large', 'too_large']);
  assert.ok(sent < 2_000, String(sent));
});

test('an encoding that nobody asked for is refused: a small body may unfold into a huge one', async (t) => {
  const error = await failing(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('{}');
  });
  assert.equal(error.code, 'unexpected_encoding');
});

test('a body of one byte now and then ends at the deadline', async (t) => {
  const started = performance.now();
  const error = await failing(
    t,
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => clearInterval(drip));
    },
    { deadlineMs: 120 },
  );
  assert.equal(error.code, 'timeout');
  assert.ok(performance.now() - started < 1_500);
});

test('a server that never answers ends at the deadline', async (t) => {
  const error = await failing(t, () => undefined, { deadlineMs: 80 });
  assert.equal(error.code, 'timeout');
});

test('a refusal with an endless body ends at the deadline as well', async (t) => {
  const error = await failing(
    t,
    (_request, response) => {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.write('{"error"');
    },
    { deadlineMs: 80 },
  );
  assert.equal(error.code, 'http_status');
});

test('a request can be called off', async (t) => {
  const server = await scriptedServer(t, () => undefined);
  const stop = new AbortController();
  const request = errorOf(get(open(t, server.origin), stop.signal));
  setTimeout(() => stop.abort(), 30);
  assert.equal((await request).code, 'aborted');
});

test('each status has its code, and of the body only a known code is repeated', async (t) => {
  const codes = {
    400: 'http_status',
    401: 'unauthenticated',
    403: 'permission_denied',
    404: 'not_found',
    500: 'http_status',
  };
  for (const [status, code] of Object.entries(codes)) {
    const error = await failing(t, (_request, response) => {
      answerJson(response, Number(status), { error: { code: 'internal', message: `${SECRET} ${TOKEN}` } });
    });
    assert.equal(error.code, code);
    assert.match(
      error.message,
      new RegExp(
        `GET http://127\\.0\\.0\\.1:\\d+/v2/thing answered ${status} \\(internal\\)${status === '404' ? ': see .*' : ''}$`,
      ),
    );
  }
  const echo = await failing(t, (_request, response) => answerJson(response, 400, { error: { code: SECRET } }));
  assert.doesNotMatch(echo.message, /secret/);
});

test('429 and 503 carry how long to wait, other statuses do not', async (t) => {
  const waits: (number | null)[] = [];
  for (const status of [429, 503, 500]) {
    waits.push(
      (await failing(t, (_request, response) => answerJson(response, status, {}, { 'retry-after': '7' }))).retryAfterMs,
    );
  }
  assert.deepEqual(waits, [7_000, 7_000, null]);
});

test('nobody listening, and something that is not HTTP, are told apart', async (t) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.end('SSH-2.0-something\r\n'));
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  assert.equal((await errorOf(get(open(t, origin)))).code, 'malformed_http');
  await new Promise((resolve) => server.close(resolve));
  const refused = await errorOf(get(open(t, origin)));
  assert.equal(refused.code, 'unreachable');
  assert.match(refused.message, /ECONNREFUSED/);
});

test('a head without an end is too large, and no matter of connections', async (t) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${'x-filler: x\r\n'.repeat(5_000)}`));
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const error = await errorOf(get(open(t, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)));
  assert.equal(error.code, 'too_large');
  assert.match(error.message, /the head of the answer has no end/);
});

test('a base URL without a path is asked without a second slash, and 404 says which settings to look at', async (t) => {
  for (const suffix of ['', '/']) {
    const server = await scriptedServer(t, (_request, response) => answerJson(response, 404, {}));
    const { message } = await errorOf(get(open(t, `${server.origin}${suffix}`)));
    assert.equal(message, `GET ${server.origin}/thing answered 404: see \`source.base_url\` and \`source.org\``);
    assert.equal(server.seen[0]?.url, '/thing');
  }
});

test('http is for this machine only, and a base URL holds nothing but a place', () => {
  const codeOf = (baseUrl: string): string => {
    try {
      openOutbound({ baseUrl, now: Date.now })
        .close()
        .catch(() => undefined);
      return 'opened';
    } catch (error) {
      assert.ok(error instanceof OutboundError && !error.message.includes(SECRET));
      return error.code;
    }
  };
  const expected: Record<string, string> = {
    'http://127.0.0.1:8080/v2': 'opened',
    'http://127.9.9.9': 'opened',
    'http://[::1]:8080': 'opened',
    'http://localhost/v2': 'opened',
    'https://policy.example.com/v2': 'opened',
    'http://policy.example.com/v2': 'insecure_url',
    'http://127.0.0.1.example.com': 'insecure_url',
    'http://localhost.example.com': 'insecure_url',
    'http://10.0.0.1': 'insecure_url',
    'http://[::ffff:10.0.0.1]': 'insecure_url',
    [`https://user:${SECRET}@policy.example.com`]: 'invalid_url',
    [`https://policy.example.com/?token=${SECRET}`]: 'invalid_url',
    'ftp://policy.example.com': 'invalid_url',
    '/v2': 'invalid_url',
  };
  for (const [baseUrl, code] of Object.entries(expected)) assert.equal(codeOf(baseUrl), code, baseUrl);
});

interface Certificate {
  readonly directory: string;
  readonly cert: string;
  readonly key: string;
}

function selfSigned(t: TestContext): Certificate {
  const directory = mkdtempSync(join(tmpdir(), 'reeve-outbound-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const cert = join(directory, 'cert.pem');
  const key = join(directory, 'key.pem');
  const subject = ['-subj', '/CN=reeve test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const form = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...form, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  return { directory, cert, key };
}

async function httpsServer(t: TestContext, { cert, key }: Certificate): Promise<number> {
  const server = createHttpsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_request, response) =>
    answerJson(response, 200, { secure: true }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

test('a server of a private authority is believed with its CA file only, whatever the environment says', async (t) => {
  const certificate = selfSigned(t);
  const url = `https://127.0.0.1:${await httpsServer(t, certificate)}`;
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  t.after(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
  });
  assert.equal((await errorOf(get(open(t, url)))).code, 'tls_failed');
  assert.deepEqual((await get(open(t, url, { caFile: certificate.cert }))).value, { secure: true });
});

test('a CA file that is missing, or holds no certificate, is an error and not an empty list', (t) => {
  const { directory, key } = selfSigned(t);
  const broken = join(directory, 'broken.pem');
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  for (const caFile of [join(directory, 'missing.pem'), key, broken]) {
    assert.throws(() => openOutbound({ baseUrl: 'https://policy.example.com', now: Date.now, caFile }), {
      code: 'ca_unreadable',
    });
  }
});

test('https goes through the proxy, with its credentials for the proxy alone', async (t) => {
  const certificate = selfSigned(t);
  const port = await httpsServer(t, certificate);
  const asked: { target: string | undefined; headers: Record<string, unknown> }[] = [];
  const proxy = createHttpServer();
  proxy.on('connect', (request, socket) => {
    asked.push({ target: request.url, headers: request.headers });
    // the name is the proxy's to look up: it leads to our server
    const upstream = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    proxy.closeAllConnections();
    return new Promise((resolve) => proxy.close(resolve));
  });
  const proxyPort = (proxy.address() as AddressInfo).port;
  const more = { proxy: `http://user:${SECRET}@127.0.0.1:${proxyPort}`, caFile: certificate.cert };
  // an address beyond loopback that the certificate does not name: the tunnel opens, the handshake fails
  assert.equal((await errorOf(get(open(t, 'https://192.0.2.1', more)))).code, 'tls_failed');
  const [tunnel] = asked;
  assert.ok(tunnel !== undefined);
  assert.equal(tunnel.target, '192.0.2.1:443');
  assert.equal(tunnel.headers['proxy-authorization'], `Basic ${Buffer.from(`user:${SECRET}`).toString('base64')}`);
  assert.equal(tunnel.headers['authorization'], undefined);
});

test('a proxy that refuses is named as such', async (t) => {
  const proxy = await scriptedServer(t, (_request, response) => answerJson(response, 500, {}));
  const error = await errorOf(
    get(open(t, 'https://192.0.2.1', { proxy: proxy.origin.replace('//', `//user:${SECRET}@`) })),
  );
  assert.equal(error.code, 'proxy_failed');
});

test('loopback never goes through the proxy', async (t) => {
  const server = await scriptedServer(t, (_request, response) => answerJson(response, 200, { direct: true }));
  const proxy = await scriptedServer(t, (_request, response) => answerJson(response, 200, { direct: false }));
  assert.deepEqual((await get(open(t, server.origin, { proxy: proxy.origin }))).value, { direct: true });
  assert.equal(proxy.seen.length, 0);
});
