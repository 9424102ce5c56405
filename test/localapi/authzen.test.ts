import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { answeredCount } from '../../src/localapi/authzen-batch.ts';
import { readEvaluation } from '../../src/localapi/authzen-envelope.ts';
import { toNative } from '../../src/localapi/authzen-native.ts';
import { splitNetworkId } from '../../src/localapi/authzen-network-id.ts';
import { type AskedItem, type BatchWork, type Peer, readAsked, type ToldItem } from '../../src/pdp/decision-point.ts';
import {
  AUTHZEN_POLICIES,
  type DecisionDaemonOptions,
  policySet,
  startDecisionDaemon,
} from '../support/decision-daemon.ts';
import { exchangeHttp, httpRequest, type RawResponse } from '../support/raw-http.ts';

const SUBJECT = { type: 'sandbox', id: 'sbx-1' };
const READ = { name: 'read' };
const TCP = { name: 'connect:tcp' };
const file = (id: string, properties: object = {}): object => ({ type: 'filesystem', id, properties });
const network = (id: string, properties: object = {}): object => ({ type: 'network', id, properties });
const ALLOWED = file('/srv/data/a.txt');
const DENIED = file('/srv/data/secret/key');

interface Decision {
  readonly decision: boolean;
  readonly context: Readonly<Record<string, unknown>>;
}

async function post(
  t: TestContext,
  path: string,
  body: unknown,
  options: DecisionDaemonOptions = {},
): Promise<RawResponse> {
  const { decide, errors } = await startDecisionDaemon(t, options);
  const headers = { 'Content-Type': 'application/json' };
  const [response] = await exchangeHttp(decide, httpRequest('POST', path, { headers, body: JSON.stringify(body) }));
  assert.ok(response !== undefined);
  assert.deepEqual(errors, []);
  return response;
}

async function evaluate(t: TestContext, body: object, options: DecisionDaemonOptions = {}): Promise<Decision> {
  const response = await post(t, '/access/v1/evaluation', { subject: SUBJECT, ...body }, options);
  assert.equal(response.status, 200, response.text);
  return response.json as Decision;
}

async function batch(t: TestContext, body: object, options: DecisionDaemonOptions = {}): Promise<readonly Decision[]> {
  const response = await post(t, '/access/v1/evaluations', { subject: SUBJECT, action: READ, ...body }, options);
  assert.equal(response.status, 200, response.text);
  return (response.json as { evaluations: Decision[] }).evaluations;
}

/** What an evaluation asks, or that it means nothing. */
function native(action: object, resource: object, subject: object = SUBJECT): ReturnType<typeof toNative> {
  const reading = readEvaluation({ subject, action, resource });
  assert.ok(reading.kind === 'read', JSON.stringify(reading));
  return toNative(reading.value);
}

/** The same asked in the native form; of what came with it, only the labels. */
function asked(value: Readonly<Record<string, unknown>>): AskedItem {
  const item = readAsked(value);
  assert.ok(item.kind === 'request', JSON.stringify(item));
  const { sandbox, agent, user, process, labels } = value;
  const named = Object.entries({ sandbox, agent, user, process, labels }).filter(([, label]) => label !== undefined);
  return { ...item, labels: named.length === 0 ? null : Object.fromEntries(named) };
}

describe('an AuthZEN decision', () => {
  test('carries the whole answer in its context, flat and without null', async (t) => {
    const { decision, context } = await evaluate(t, {
      action: TCP,
      resource: network('API.example.com:443', { ip: ['192.0.2.10'] }),
    });
    assert.equal(decision, true);
    assert.deepEqual(context['request'], {
      action: 'connect:tcp',
      host: 'api.example.com',
      ip: ['192.0.2.10'],
      port: 443,
    });
    assert.deepEqual(
      [context['code'], context['kind'], context['generation'], context['revision']],
      ['org_allow', 'explicit', 1, 'r1'],
    );
    assert.equal((context['rule'] as { id: string }).id, 'n1');
    assert.ok(!('decision' in context) && !('reason_user' in context));
    assert.ok(!JSON.stringify(context).includes('null'));
  });

  test("tells a person why not, in the organisation's words where it has some", async (t) => {
    const body = { action: READ, resource: DENIED };
    const silent = await evaluate(t, body);
    assert.deepEqual(silent.context['reason_user'], { '403': 'blocked by policy' });
    assert.deepEqual(silent.context['reason_admin'], { '403': silent.context['reason'] });
    const set = policySet(AUTHZEN_POLICIES, { supportMessage: 'ask the security desk' });
    const spoken = await evaluate(t, body, { set });
    assert.deepEqual(spoken.context['reason_user'], { '403': 'ask the security desk' });
    assert.equal(spoken.decision, false);
  });

  test('is true in monitor mode, and says that it would be a denial', async (t) => {
    const set = policySet(AUTHZEN_POLICIES, { monitored: { filesystem: true } });
    const { decision, context } = await evaluate(t, { action: READ, resource: DENIED }, { set });
    assert.deepEqual([decision, context['would_deny'], context['code']], [true, true, 'org_deny']);
  });

  test('is not made while there is no policy', async (t) => {
    const response = await post(
      t,
      '/access/v1/evaluation',
      { subject: SUBJECT, action: READ, resource: ALLOWED },
      { set: null },
    );
    assert.equal(response.status, 503);
  });

  test('is false for content that means nothing, with generation and revision', async (t) => {
    const { decision, context } = await evaluate(t, { action: { name: 'fly' }, resource: ALLOWED });
    assert.deepEqual(
      [decision, context['kind'], context['code'], context['generation'], context['revision'], context['ttl_ms']],
      [false, 'error', 'invalid_request', 1, 'r1', 0],
    );
  });

  test('is false, not 400, for a value that only the native reading refuses', async (t) => {
    const huge = Array.from({ length: 65 }, () => '192.0.2.1');
    for (const resource of [
      network('api.example.com:0'),
      network('api.example.com:443', { ip: huge }),
      file('/srv/../x', { real: '/a/' }),
    ]) {
      const action = 'ip' in resource || JSON.stringify(resource).includes('network') ? TCP : READ;
      const { decision, context } = await evaluate(t, { action, resource });
      assert.deepEqual([decision, context['code']], [false, 'invalid_request']);
    }
  });
});

describe('the mapping to the native request', () => {
  test('splits a network id into host and port', () => {
    const cases: readonly (readonly [string, unknown])[] = [
      ['a.example:443', { host: 'a.example', port: 443 }],
      ['a.example', { host: 'a.example', port: null }],
      ['', { host: '', port: null }],
      ['192.0.2.1:53', { host: '192.0.2.1', port: 53 }],
      ['[2001:db8::1]:53', { host: '[2001:db8::1]', port: 53 }],
      ['[2001:db8::1]', { host: '[2001:db8::1]', port: null }],
      ['2001:db8::1', { host: '2001:db8::1', port: null }],
      ['::1:443', { host: '::1:443', port: null }],
      ['a:70000', { host: 'a', port: 70_000 }],
      ['a:0', { host: 'a', port: 0 }],
      ['a:', null],
      ['a:0443', null],
      ['a:+443', null],
      ['a: 443', null],
      ['a:4e2', null],
      ['a:1234567', null],
      ['[::1]443', null],
      ['[::1]:', null],
      ['[::1', null],
    ];
    for (const [id, expected] of cases) assert.deepEqual(splitNetworkId(id), expected, id);
  });

  test('takes the fields of each domain, and only those', () => {
    assert.deepEqual(
      native(TCP, network('a.example', { port: 443, ip: ['192.0.2.1'], recursive: 'x', path: 7, other: 1 })),
      asked({ action: 'connect:tcp', host: 'a.example', port: 443, ip: ['192.0.2.1'], sandbox: 'sbx-1' }),
    );
    assert.deepEqual(
      native({ ...READ, properties: { recursive: true } }, file('/a', { recursive: false, real: '/b', port: 'x' })),
      asked({ action: 'read', path: '/a', real: '/b', recursive: true, sandbox: 'sbx-1' }),
    );
    assert.deepEqual(
      native(READ, file('/a', { resolved: true, recursive: null, path: null })),
      asked({ action: 'read', path: '/a', resolved: true, sandbox: 'sbx-1' }),
    );
  });

  test('decodes nothing', () => {
    const reading = native(READ, file('/srv/data/%2e%2e/x'));
    assert.deepEqual(reading, asked({ action: 'read', path: '/srv/data/%2e%2e/x', sandbox: 'sbx-1' }));
  });

  test('lets a repetition agree in another spelling', () => {
    const pairs = [
      native(TCP, network('api.example.com.:443', { host: 'API.EXAMPLE.com', port: 443 })),
      native(TCP, network('[2001:db8::1]:443', { host: '2001:DB8:0::1' })),
      native(TCP, network('127.1:443', { host: '127.0.0.1' })),
      native(READ, file('/a//b/', { path: '/a/./b' })),
      native(READ, file('/a/b', { path: '/a/x/../b', resolved: true })),
    ];
    for (const reading of pairs) assert.equal(reading.kind, 'request', JSON.stringify(reading));
  });

  test('refuses a repetition that disagrees, and known properties of another type', () => {
    const faults = [
      native(TCP, network('a.example:443', { host: 'b.example' })),
      native(TCP, network('a.example:443', { host: '192.0.2.1' })),
      native(TCP, network('a.example:443', { host: 'not a host' })),
      native(TCP, network('a.example:443', { port: 444 })),
      native(TCP, network('a.example')),
      native(TCP, network('a.example', { port: 443.5 })),
      native(TCP, network('a.example:443', { port: '443' })),
      native(TCP, network('a.example:443', { ip: '192.0.2.1' })),
      native(TCP, network('a.example:443', { ip: [1] })),
      native(TCP, network('a.example:443', { host: 7 })),
      native(READ, file('/a', { path: '/b' })),
      native(READ, file('/a', { path: 'a' })),
      native(READ, file('/a', { real: 1 })),
      native(READ, file('/a', { resolved: 'true' })),
      native(READ, file('/a', { recursive: 1 })),
      native({ ...READ, properties: { recursive: 'yes' } }, file('/a')),
      // links are not resolved here: another way through `..` may be another file
      native(READ, file('/a/b', { path: '/a/link/../b' })),
      native(TCP, file('/a')),
      native(READ, network('a.example:443')),
      native({ name: 'can_read' }, file('/a')),
      native(READ, { type: 'toString', id: '/a' }),
    ];
    for (const [index, reading] of faults.entries()) assert.equal(reading.kind, 'invalid', `${index}`);
  });

  test('lets the subject set its own field and the properties the others', () => {
    const reading = native(READ, file('/a'), {
      type: 'agent',
      id: 'claude',
      properties: {
        sandbox: 's',
        user: 'u',
        process: null,
        agent: 'claude',
        labels: { a: 1 },
        uid: 0,
        decision: 'allow',
      },
    });
    assert.deepEqual(
      reading,
      asked({ action: 'read', path: '/a', sandbox: 's', agent: 'claude', user: 'u', labels: { a: 1 } }),
    );
    const unknown = native(READ, file('/a'), { type: 'robot', id: '7' });
    assert.deepEqual(unknown, asked({ action: 'read', path: '/a' }));
    const wrong = [
      { type: 'agent', id: 'claude', properties: { agent: 'other' } },
      { type: 'x', id: '', properties: { user: 7 } },
      { type: 'x', id: '', properties: { labels: [] } },
    ];
    for (const subject of wrong) assert.equal(native(READ, file('/a'), subject).kind, 'invalid');
  });

  test('never reads a property that was not sent', () => {
    const reading = native(READ, {
      type: 'filesystem',
      id: '/a',
      properties: JSON.parse('{"__proto__":{"recursive":true}}') as object,
    });
    assert.deepEqual(reading, asked({ action: 'read', path: '/a', sandbox: 'sbx-1' }));
  });
});

describe('an AuthZEN batch', () => {
  test('answers its items of one generation, faults at their index', async (t) => {
    const evaluations = [
      { resource: ALLOWED },
      {},
      { resource: DENIED },
      7,
      { resource: null },
      { action: { name: 'fly' }, resource: ALLOWED },
    ];
    const decisions = await batch(t, { evaluations });
    assert.deepEqual(
      decisions.map(({ decision, context }) => [
        decision,
        context['code'],
        (context['error'] as { status: number } | undefined)?.status,
      ]),
      [
        [true, 'org_allow', undefined],
        [false, 'invalid_request', 400],
        [false, 'org_deny', undefined],
        [false, 'invalid_request', 400],
        [false, 'invalid_request', 400],
        [false, 'invalid_request', undefined],
      ],
    );
  });

  test('takes defaults whole, and null for a value of its own', async (t) => {
    const evaluations = [{}, { resource: null }, { resource: { type: 'filesystem' } }, { context: null }];
    const decisions = await batch(t, { resource: ALLOWED, context: { a: 1 }, evaluations });
    assert.deepEqual(
      decisions.map(({ decision }) => decision),
      [true, false, false, true],
    );
  });

  test('counts what a short circuit answers', () => {
    const decisions = [false, true, false];
    assert.equal(answeredCount(decisions, 'execute_all'), 3);
    assert.equal(answeredCount(decisions, 'deny_on_first_deny'), 1);
    assert.equal(answeredCount(decisions, 'permit_on_first_permit'), 2);
    assert.equal(answeredCount([true, true], 'deny_on_first_deny'), 2);
    assert.equal(answeredCount([false], 'permit_on_first_permit'), 1);
  });

  test('asks nothing behind a fault that ends it, and tells the decision point when to stop', async (t) => {
    const batches: unknown[][] = [];
    const stops: boolean[][] = [];
    const answer = (decision: 'allow' | 'deny'): string =>
      `{"decision":"${decision}","kind":"explicit","code":"org_deny","reason":"r","revision":"r","generation":9,"ttl_ms":0}`;
    const decisionPoint = {
      ask: () => assert.fail('AuthZEN asks for texts, not for answers'),
      tell: () => answer('deny'),
      tellMany: (items: readonly AskedItem[], _: Peer, __: number, stop?: (told: ToldItem) => boolean): BatchWork => {
        batches.push([...items]);
        stops.push(stop === undefined ? [] : [stop(answer('allow')), stop(answer('deny'))]);
        return { advance: () => [answer('allow')] };
      },
      explain: () => Promise.resolve({ kind: 'not_a_request', message: '' } as const),
    };
    const options = { port: { decisionPoint } };
    const evaluations = [{ resource: ALLOWED }, {}, { resource: DENIED }];
    const stopped = await batch(t, { evaluations, options: { evaluations_semantic: 'deny_on_first_deny' } }, options);
    assert.deepEqual([stopped.length, batches[0]?.length, stops[0]], [2, 1, [false, true]]);
    const permitted = await batch(
      t,
      { evaluations, options: { evaluations_semantic: 'permit_on_first_permit' } },
      options,
    );
    assert.deepEqual(
      [permitted.map(({ decision }) => decision), batches[1]?.length, stops[1]],
      [[true], 2, [true, false]],
    );
    // a decision point that leaves items out of a full batch has not decided them
    const full = await batch(t, { evaluations }, options);
    assert.deepEqual(
      full.map(({ decision, context }) => [decision, context['code']]),
      [
        [true, 'org_deny'],
        [false, 'invalid_request'],
        [false, 'overloaded'],
      ],
    );
    assert.deepEqual(stops[2], []);
  });

  test('answers what the deadline cuts off with overloaded, and leaves nothing out', async (t) => {
    const evaluations = Array.from({ length: 50 }, () => ({ resource: ALLOWED }));
    const decisions = await batch(t, { evaluations }, { limits: { requestMs: -1 } });
    assert.equal(decisions.length, 50);
    for (const { decision, context } of decisions) assert.deepEqual([decision, context['code']], [false, 'overloaded']);
  });
});

describe('AuthZEN metadata', () => {
  test('names the configured identifier, whatever Host says', async (t) => {
    const { decide } = await startDecisionDaemon(t, { port: { authzenIdentifier: 'https://pdp.example' } });
    const [response] = await exchangeHttp(
      decide,
      httpRequest('GET', '/.well-known/authzen-configuration', { headers: { Host: 'evil.example' } }),
    );
    assert.deepEqual(response?.json, {
      policy_decision_point: 'https://pdp.example',
      access_evaluation_endpoint: 'https://pdp.example/access/v1/evaluation',
      access_evaluations_endpoint: 'https://pdp.example/access/v1/evaluations',
    });
  });
});
