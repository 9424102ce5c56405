import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRouter } from '../../src/localapi/router.ts';
import { ROUTES } from '../../src/localapi/routes.ts';
import { policySet, startDecisionDaemon } from '../support/decision-daemon.ts';
import {
  connect,
  exchange,
  exchangeHttp,
  fieldOf,
  httpRequest,
  parseResponses,
  readToEnd,
} from '../support/raw-http.ts';

const ALLOWED = { action: 'connect:tcp', host: 'api.example.com', port: 443 };
const DENIED = { action: 'connect:udp', host: 'api.example.com', port: 443 };

function decideRequest(value: unknown, headers: Readonly<Record<string, string>> = {}): Buffer {
  return httpRequest('POST', '/v1/decide', { headers, body: JSON.stringify(value) });
}

describe('POST /v1/decide', () => {
  test('answers an object with an object, whatever the content type', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const requests = [
      decideRequest(ALLOWED),
      decideRequest(DENIED, { 'Content-Type': 'application/x-www-form-urlencoded' }),
      decideRequest({ ...ALLOWED, port: 70_000 }),
    ];
    const responses = await exchangeHttp(decide, ...requests);
    assert.deepEqual(
      responses.map(({ status, json }) => {
        const { decision, code } = json as Record<string, unknown>;
        return [status, decision, code];
      }),
      [
        [200, 'allow', 'org_allow'],
        [200, 'deny', 'default_deny'],
        [200, 'deny', 'invalid_request'],
      ],
    );
    for (const response of responses) {
      assert.equal(fieldOf(response, 'content-type'), 'application/json');
      assert.equal(response.text.at(-1), '\n');
      assert.equal(fieldOf(response, 'content-length'), String(Buffer.byteLength(response.text)));
      assert.equal(fieldOf(response, 'x-request-id'), undefined);
    }
  });

  test('answers an array with an array of one generation, errors at their index', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const [response] = await exchangeHttp(
      decide,
      decideRequest([ALLOWED, { action: 'fly' }, DENIED, 7, { ...ALLOWED, extra: 1 }]),
    );
    const items = response?.json as Record<string, unknown>[];
    assert.equal(response?.status, 200);
    assert.deepEqual(
      items.map(({ decision, error }) => decision ?? (error as { code: string }).code),
      ['allow', 'invalid_request', 'deny', 'invalid_request', 'invalid_request'],
    );
    assert.deepEqual([items[0]?.['generation'], items[2]?.['generation']], [1, 1]);
    assert.ok(items.every((item) => !('error' in item && 'decision' in item)));
  });

  test('takes an empty batch, a thousand requests, and not one more', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const of = (count: number): Buffer => decideRequest(Array.from({ length: count }, () => ALLOWED));
    const [empty, full, over] = await exchangeHttp(decide, of(0), of(1_000), of(1_001));
    assert.deepEqual(empty?.json, []);
    const decisions = (full?.json as { decision: string }[]).map(({ decision }) => decision);
    assert.deepEqual([decisions.length, new Set(decisions)], [1_000, new Set(['allow'])]);
    assert.equal(over?.status, 400);
  });

  test('is 400 without a decision for what is no request', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const bodies = [
      '',
      '{',
      '"x"',
      'null',
      '{"action":"connect:tcp","host":"api.example.com","port":443,"port":443}',
      '{"action":"connect:tcp","host":"\\ud800","port":443}',
      '{"action":"connect:tcp","host":["api.example.com"],"port":443}',
      '{"action":"connect:tcp","host":"api.example.com","port":443.5}',
      '{"action":"connect:tcp","host":"api.example.com","port":"443"}',
      '{"action":"connect:tcp","host":"api.example.com","port":null}',
      '{"action":"connect:tcp","host":"api.example.com","port":443,"id":1}',
      '{"action":"connect:tcp","host":"api.example.com","port":443,"__proto__":{"x":1}}',
      '{"action":"CONNECT:TCP","host":"api.example.com","port":443}',
      '{"host":"api.example.com","port":443}',
    ];
    for (const body of bodies) {
      const [response] = await exchangeHttp(decide, httpRequest('POST', '/v1/decide', { body }));
      assert.equal(response?.status, 400, body);
      const { error, ...others } = response.json as { error: { code: string; message: string } };
      assert.equal(error.code, 'invalid_request');
      assert.ok(error.message.length > 0 && !error.message.includes('\n'));
      assert.deepEqual(others, {});
    }
  });

  test('limits one request to 64 KiB and a batch to 1 MiB', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const padded = (value: unknown, bytes: number): Buffer =>
      httpRequest('POST', '/v1/decide', { body: JSON.stringify(value).padStart(bytes, ' ') });
    const statuses = async (...parts: Buffer[]): Promise<number[]> =>
      (await exchangeHttp(decide, ...parts)).map(({ status }) => status);
    assert.deepEqual(await statuses(padded(ALLOWED, 65_536)), [200]);
    assert.deepEqual(await statuses(padded(ALLOWED, 65_537)), [413]);
    assert.deepEqual(await statuses(padded([ALLOWED], 1_048_576), decideRequest(ALLOWED)), [200, 200]);
    assert.deepEqual(await statuses(padded([ALLOWED], 1_048_577)), [413]);
    // a length that was announced and never sent is refused at once, with the body unread
    const announced = `POST /v1/decide HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n`;
    assert.deepEqual(await statuses(Buffer.from(announced)), [413]);
  });

  test('is 503 with a time to wait while there is no policy', async (t) => {
    const { decide } = await startDecisionDaemon(t, { set: null });
    const responses = await exchangeHttp(
      decide,
      decideRequest(ALLOWED),
      decideRequest([ALLOWED]),
      httpRequest('GET', '/readyz'),
    );
    for (const response of responses) {
      assert.equal(response.status, 503);
      assert.equal(fieldOf(response, 'retry-after'), '1');
      assert.equal((response.json as { error: { code: string } }).error.code, 'not_ready');
    }
    const [live] = await exchangeHttp(decide, httpRequest('GET', '/healthz'));
    assert.equal(live?.status, 200);
  });

  test('resolves a path on the disk and then answers', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const [response] = await exchangeHttp(decide, decideRequest({ action: 'read', path: '/srv/data/./x' }));
    assert.equal((response?.json as { resolved_path: string }).resolved_path, '/srv/data/x');
  });
});

describe('other routes', () => {
  test('explain with every rule on the admin socket, and a hundred for everybody', async (t) => {
    const rules = Array.from({ length: 150 }, (_, n) => ({
      id: `d${n}`,
      name: `d${n}`,
      decision: 'deny',
      actions: ['connect:tcp'],
      resources: ['evil.example'],
    }));
    const set = policySet([{ id: 'p', name: 'p', allowlist_v0: { rules } }]);
    const { decide, admin } = await startDecisionDaemon(t, { set });
    const body = JSON.stringify({ action: 'connect:tcp', host: 'evil.example', port: 443 });
    const count = async (path: string): Promise<number> => {
      const [response] = await exchangeHttp(path, httpRequest('POST', '/v1/explain', { body }));
      assert.equal(response?.status, 200);
      const explanation = response.json as { rules: unknown[]; answer: { code: string } };
      assert.equal(explanation.answer.code, 'org_deny');
      return explanation.rules.length;
    };
    assert.equal(await count(decide), 100);
    assert.equal(await count(admin), 150);
    const [bad] = await exchangeHttp(decide, httpRequest('POST', '/v1/explain', { body: '{"action":"fly"}' }));
    assert.equal(bad?.status, 400);
  });

  test('of the admin socket are unknown on the decision socket', async (t) => {
    const { decide, admin } = await startDecisionDaemon(t);
    for (const [method, path] of [
      ['POST', '/v1/sync'],
      ['GET', '/v1/rules'],
    ] as const) {
      const [there] = await exchangeHttp(admin, httpRequest(method, path));
      const [here] = await exchangeHttp(decide, httpRequest(method, path));
      assert.deepEqual([there?.status, here?.status], [200, 404], path);
    }
  });

  test('say how a sync ended', async (t) => {
    const outcomes = [
      { kind: 'live', generation: 3, revision: 'r3' },
      { kind: 'failed', code: 'fetch_failed', message: 'no route' },
      { kind: 'retry_after', seconds: 12.2, message: 'the source asked for a pause' },
    ] as const;
    const left = outcomes.values();
    const { admin } = await startDecisionDaemon(t, {
      sync: async () => {
        await sleep(5);
        return left.next().value ?? outcomes[0];
      },
    });
    const sync = httpRequest('POST', '/v1/sync');
    const [live, failed, later] = await exchangeHttp(admin, sync, sync, sync);
    assert.deepEqual([live?.status, live?.json], [200, { generation: 3, revision: 'r3' }]);
    assert.deepEqual([failed?.status, failed?.json], [502, { error: { code: 'fetch_failed', message: 'no route' } }]);
    assert.equal(later?.status, 503);
    assert.equal(fieldOf(later, 'retry-after'), '13');
  });

  test('of later days are 404 like everything unknown', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const paths = [
      '/',
      '/v1/log',
      '/v1/watch',
      '/v1/authz/forward/host',
      '/v1/hooks/claude',
      '/v1/decide/',
      '/V1/status',
    ];
    for (const path of paths) {
      const [response] = await exchangeHttp(decide, httpRequest('GET', path));
      assert.equal(response?.status, 404, path);
    }
  });

  test('answer another method with 405 and what is allowed', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    for (const { path, method, on } of ROUTES) {
      if (on === 'admin') continue;
      const [response] = await exchangeHttp(decide, httpRequest('PATCH', path, { body: '{}' }));
      assert.deepEqual([response?.status, response && fieldOf(response, 'allow')], [405, method], path);
    }
    const [head] = parseResponses(await exchange(decide, httpRequest('HEAD', '/healthz')), true);
    assert.equal(head?.status, 405);
  });

  test('cannot be registered twice', () => {
    const [first] = ROUTES;
    assert.ok(first !== undefined);
    assert.throws(() => createRouter([...ROUTES, first]), { code: 'duplicate_route' });
  });

  test('that fail answer 500 and leave the server standing', async (t) => {
    const failing = {
      status: (): never => {
        throw new Error('a fault\nin two lines');
      },
    };
    const { decide, errors } = await startDecisionDaemon(t, { port: failing });
    const [failed, next] = await exchangeHttp(decide, httpRequest('GET', '/v1/status'), decideRequest(ALLOWED));
    assert.deepEqual([failed?.status, next?.status], [500, 200]);
    assert.equal((failed?.json as { error: { code: string } }).error.code, 'internal');
    assert.ok(!failed?.text.includes('fault'));
    assert.equal(errors.length, 1);
  });
});

describe('HTTP on the socket', () => {
  test('refuses Origin and Referer on every route, unknown ones included', async (t) => {
    const { decide, admin } = await startDecisionDaemon(t);
    const targets = [...ROUTES.map(({ method, path }) => [method, path] as const), ['GET', '/nowhere'] as const];
    for (const [method, path] of targets) {
      for (const name of ['Origin', 'referer']) {
        for (const socket of [decide, admin]) {
          const headers = { [name]: 'null', 'X-Request-ID': 'r', 'Content-Type': 'application/json' };
          const [response] = await exchangeHttp(socket, httpRequest(method, path, { headers, body: '{}' }));
          assert.equal(response?.status, 403, `${method} ${path}`);
          assert.equal(fieldOf(response, 'x-request-id'), 'r');
        }
      }
    }
  });

  test('gives X-Request-ID back byte for byte on every status, and invents none', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const id = 'é\xff a,b;"c"\t\u00a0';
    const headers = { 'X-Request-ID': id };
    const chunked = `POST /v1/decide HTTP/1.1\r\nHost: a\r\nX-Request-ID: ${id}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`;
    const requests: (readonly [number, Buffer])[] = [
      [200, decideRequest(ALLOWED, headers)],
      [400, decideRequest('x', headers)],
      [400, Buffer.from(chunked, 'latin1')],
      [400, Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nX-Request-ID: ${id}\r\nContent-Length: x\r\n\r\n`, 'latin1')],
      [400, Buffer.from(`GET /healthz HTTP/1.1\r\nX-Request-ID: ${id}\r\n\r\n`, 'latin1')],
      [404, httpRequest('GET', '/nowhere', { headers })],
      [405, httpRequest('GET', '/v1/decide', { headers })],
      [413, httpRequest('POST', '/v1/decide', { headers, body: ' '.repeat(65_537) })],
      [415, decideRequest(ALLOWED, { ...headers, 'Content-Encoding': 'gzip' })],
    ];
    for (const [status, bytes] of requests) {
      const [response] = await exchangeHttp(decide, bytes);
      assert.equal(response?.status, status);
      assert.equal(fieldOf(response, 'x-request-id'), id, String(status));
    }
    const twice = 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-ID: 1\r\nx-request-id: 2\r\n\r\n';
    const [response] = await exchangeHttp(decide, twice);
    const ids = response?.fields.filter(([name]) => name === 'x-request-id').map(([, value]) => value);
    assert.deepEqual(ids, ['1', '2']);
  });

  test('answers malformed framing with 400 and closes, whatever comes behind', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const good = decideRequest(ALLOWED);
    const starts = [
      'POST /v1/decide HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      'POST /v1/decide HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n',
      'POST /v1/decide HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n',
      'GET /healthz HTTP/1.1\nHost: a\n\n',
      'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\n',
    ];
    for (const start of starts) {
      const responses = await exchangeHttp(decide, start, good);
      assert.deepEqual(
        responses.map(({ status, fields }) => [
          status,
          fields.some(([name, value]) => name === 'connection' && value === 'close'),
        ]),
        [[400, true]],
        start,
      );
    }
  });

  test('refuses heads over 8 KiB with 431', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const [over] = await exchangeHttp(decide, httpRequest('GET', '/healthz', { headers: { X: 'a'.repeat(8_200) } }));
    const [below] = await exchangeHttp(decide, httpRequest('GET', '/healthz', { headers: { X: 'a'.repeat(8_000) } }));
    assert.deepEqual([over?.status, below?.status], [431, 200]);
  });

  test('keeps a connection for many requests, also after a refusal with a body', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const responses = await exchangeHttp(
      decide,
      httpRequest('POST', '/nowhere', { body: '{"decision":"allow"}' }),
      httpRequest('PUT', '/v1/decide', { body: 'GET /healthz HTTP/1.1\r\n\r\n' }),
      httpRequest('GET', '/healthz?x=1'),
      httpRequest('GET', 'http://somewhere.example:80/healthz', {
        headers: { Host: 'other', Upgrade: 'websocket', Connection: 'upgrade' },
      }),
      decideRequest(ALLOWED),
    );
    assert.deepEqual(
      responses.map(({ status }) => status),
      [404, 405, 200, 200, 200],
    );
  });

  test('closes after Connection: close and after HTTP/1.0', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const again = httpRequest('GET', '/healthz');
    const asked = await exchangeHttp(
      decide,
      httpRequest('GET', '/healthz', { headers: { Connection: 'Keep-Alive, Close' } }),
      again,
    );
    const old = await exchangeHttp(decide, 'GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', again);
    assert.deepEqual([asked.length, old.length], [1, 1]);
    assert.equal(old[0] && fieldOf(old[0], 'connection'), 'close');
  });

  test('reads chunked bodies, and heads and bodies that come byte by byte', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const body = JSON.stringify(ALLOWED);
    const chunks = Array.from(body, (char) => `1\r\n${char}\r\n`).join('');
    const text = `POST /v1/decide HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
    const socket = await connect(decide);
    const answer = readToEnd(socket);
    for (const char of text) {
      socket.write(char);
      if (char === '\n') await sleep(0);
    }
    socket.end();
    const [response, ...others] = parseResponses(await answer);
    assert.equal((response?.json as { decision: string }).decision, 'allow');
    assert.deepEqual(others, []);
  });

  test('never decides on a body that was cut off', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const whole = decideRequest(ALLOWED);
    const cut = Buffer.from(whole.toString().replace(/Content-Length: \d+/u, 'Content-Length: 200'));
    assert.equal((await exchange(decide, cut)).length, 0);
  });

  test('says when a client that asks first may send its body', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const socket = await connect(decide);
    const body = JSON.stringify(ALLOWED);
    socket.write(
      `POST /v1/decide HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    const [first] = await new Promise<Buffer[]>((resolve) => socket.once('data', (chunk: Buffer) => resolve([chunk])));
    assert.equal(first?.toString(), 'HTTP/1.1 100 Continue\r\n\r\n');
    const answer = readToEnd(socket);
    socket.end(body);
    assert.equal(parseResponses(await answer)[0]?.status, 200);
  });

  test('lets a client that is still sending see why it was refused', async (t) => {
    const { decide } = await startDecisionDaemon(t);
    const body = Buffer.alloc(1_500_000, ' ');
    const [response] = await exchangeHttp(decide, httpRequest('POST', '/access/v1/evaluation', { body }));
    assert.equal(response?.status, 413);
  });

  test("works with Node's own client over a kept connection", async (t) => {
    const { decide } = await startDecisionDaemon(t);
    for (const payload of [ALLOWED, DENIED]) {
      const text = await new Promise<string>((resolve, reject) => {
        const outgoing = request({ socketPath: decide, path: '/v1/decide', method: 'POST' }, (response) => {
          response.setEncoding('utf8');
          let all = '';
          response.on('data', (chunk: string) => {
            all += chunk;
          });
          response.on('end', () => resolve(all));
        });
        outgoing.on('error', reject);
        outgoing.end(JSON.stringify(payload));
      });
      assert.equal((JSON.parse(text) as { decision: string }).decision, payload === ALLOWED ? 'allow' : 'deny');
    }
  });
});
