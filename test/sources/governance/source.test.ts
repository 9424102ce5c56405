import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { SourceOutcome } from '../../../src/sources/source.ts';
import {
  type GovernanceStage,
  governanceStage,
  type Intercept,
  networkPolicy,
  ORG,
  SECRET,
  type StageOptions,
} from '../../support/governance-stage.ts';
import { answerJson } from '../../support/scripted-server.ts';

const LIST = `/v2/orgs/${ORG}/governance/policies`;

/** Names that the serving snapshot allows or denies, in the order of its listing. */
function serving(stage: GovernanceStage): readonly string[] {
  return stage.serving()?.listing.flatMap((rule) => rule.resources) ?? ['nothing'];
}

async function sync(stage: GovernanceStage): Promise<SourceOutcome> {
  const answer = await stage.source.sync();
  assert.ok(answer.kind === 'ran', JSON.stringify(answer));
  return answer.outcome;
}

async function failureCode(stage: GovernanceStage): Promise<string> {
  const outcome = await sync(stage);
  assert.ok(outcome.kind === 'failed', JSON.stringify(outcome));
  const status = stage.source.status();
  assert.equal(status.state, 'failing');
  assert.equal(status.last_error?.code, outcome.failure.code);
  assert.ok(!JSON.stringify(status).includes(SECRET));
  return `${outcome.failure.stage} ${outcome.failure.code}`;
}

/** A stage on which one policy serves already. */
async function servingOne(t: TestContext, options: StageOptions = {}): Promise<GovernanceStage> {
  const stage = await governanceStage(t, options);
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example'));
  assert.equal((await sync(stage)).kind, 'ok');
  stage.asked();
  return stage;
}

test('a sync fetches, stores, compiles and serves, and says so when it is live', async (t) => {
  const stage = await governanceStage(t);
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example'));
  stage.policies.set('pol_b', networkPolicy('pol_b', 'b.example'));
  const outcome = await sync(stage);
  assert.ok(outcome.kind === 'ok' && outcome.result === 'activated');
  assert.match(outcome.revision ?? '', /^sha256:[0-9a-f]{64}$/);
  assert.equal(stage.holder.current()?.policy.revision, outcome.revision);
  assert.equal(outcome.generation, 1);
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
  assert.deepEqual(stage.asked(), ['/v2/auth/token', '/policies', '/policies/pol_a', '/policies/pol_b']);
  assert.equal(stage.server.seen[0]?.body, JSON.stringify({ identifier: 'machine', secret: SECRET }));
  assert.equal(stage.server.seen[1]?.headers['authorization'], 'Bearer token');
  assert.equal(stage.source.status().last_success, '2026-06-01T12:00:00.000Z');
});

test('a second sync gets nothing that has not changed, and is no new generation', async (t) => {
  const stage = await servingOne(t);
  const outcome = await sync(stage);
  assert.ok(outcome.kind === 'ok' && outcome.result === 'unchanged');
  assert.equal(outcome.generation, 1);
  assert.deepEqual(stage.asked(), ['/policies']);
});

test('a change of one policy is one get, and serves at once', async (t) => {
  const stage = await servingOne(t);
  stage.policies.set('pol_b', networkPolicy('pol_b', 'b.example'));
  await sync(stage);
  stage.asked();
  stage.policies.set('pol_b', networkPolicy('pol_b', 'c.example', { updated_at: '2026-05-02T00:00:00Z' }));
  assert.equal((await sync(stage)).kind, 'ok');
  assert.deepEqual(stage.asked(), ['/policies', '/policies/pol_b']);
  assert.deepEqual(serving(stage), ['a.example', 'c.example']);
});

test('a policy written less than 5 s before its listing is got once more', async (t) => {
  const stage = await governanceStage(t);
  const fresh = { updated_at: new Date(stage.clock.now() - 4_000).toISOString() };
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example', fresh));
  await sync(stage);
  // a second write in the same instant, which `updated_at` does not show
  stage.policies.set('pol_a', networkPolicy('pol_a', 'b.example', fresh));
  stage.clock.advance(10_000);
  await sync(stage);
  assert.deepEqual(serving(stage), ['b.example']);
  stage.asked();
  await sync(stage);
  assert.deepEqual(stage.asked(), ['/policies']);
});

test("what is fresh is judged by the server's clock too", async (t) => {
  const stage = await governanceStage(t);
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example', { updated_at: '2026-05-01T00:00:00Z' }));
  stage.intercept = (request, response) => {
    if (request.url === LIST) response.setHeader('date', 'Fri, 01 May 2026 00:00:03 GMT');
    return false;
  };
  await sync(stage);
  stage.asked();
  await sync(stage);
  assert.deepEqual(stage.asked(), ['/policies', '/policies/pol_a']);
});

test('no policy is believed for longer than 15 minutes without asking', async (t) => {
  const stage = await servingOne(t);
  const quiet = networkPolicy('pol_a', 'changed.example');
  stage.policies.set('pol_a', quiet);
  stage.clock.advance(14 * 60_000);
  await sync(stage);
  assert.deepEqual(serving(stage), ['a.example']);
  stage.clock.advance(60_000);
  await sync(stage);
  assert.deepEqual(serving(stage), ['changed.example']);
});

test('all pages are followed, and a list that leads in circles or never ends is an error', async (t) => {
  const stage = await servingOne(t);
  const page =
    (data: readonly unknown[], next: string | null): Intercept =>
    (request, response) => {
      if (!request.url.startsWith(LIST) || request.url.startsWith(`${LIST}/`)) return false;
      answerJson(response, 200, { data, next_page_token: next, more: 'ignored' });
      return true;
    };
  stage.policies.set('pol_b', networkPolicy('pol_b', 'b.example'));
  const [a, b] = [...stage.policies.values()];
  stage.intercept = (request, response) =>
    request.url.endsWith('?page_token=t%2F1') ? page([b], '')(request, response) : page([a], 't/1')(request, response);
  await sync(stage);
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
  stage.intercept = page([], 'same');
  assert.equal(await failureCode(stage), 'fetch page_loop');
  let number = 0;
  stage.intercept = (request, response) => page([], `t${(number += 1)}`)(request, response);
  assert.equal(await failureCode(stage), 'fetch too_many_pages');
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
});

const misbehaviours: readonly { note: string; intercept: Intercept; expected: string }[] = [
  {
    note: 'an HTML page of a captive portal',
    intercept: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
      return true;
    },
    expected: 'fetch not_json',
  },
  {
    note: '{}',
    intercept: (_r, response) => (answerJson(response, 200, {}), true),
    expected: 'fetch unexpected_answer',
  },
  {
    note: '[]',
    intercept: (_r, response) => (answerJson(response, 200, []), true),
    expected: 'fetch unexpected_answer',
  },
  {
    note: 'null',
    intercept: (_r, response) => (answerJson(response, 200, null), true),
    expected: 'fetch unexpected_answer',
  },
  { note: '204', intercept: (_r, response) => (response.writeHead(204).end(), true), expected: 'fetch no_content' },
  { note: '304', intercept: (_r, response) => (response.writeHead(304).end(), true), expected: 'fetch no_content' },
  {
    note: 'a redirect',
    intercept: (_r, response) => (response.writeHead(302, { location: '/' }).end(), true),
    expected: 'fetch redirect',
  },
  {
    note: 'truncated JSON',
    intercept: (_r, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[');
      return true;
    },
    expected: 'fetch invalid_json',
  },
  {
    note: '404 for the organisation',
    intercept: (_r, response) => (answerJson(response, 404, {}), true),
    expected: 'fetch not_found',
  },
  {
    note: '403',
    intercept: (_r, response) => (answerJson(response, 403, {}), true),
    expected: 'fetch permission_denied',
  },
  { note: '500', intercept: (_r, response) => (answerJson(response, 500, {}), true), expected: 'fetch http_status' },
];

for (const { note, intercept, expected } of misbehaviours) {
  test(`not a policy change, in the list or in a policy: ${note}`, async (t) => {
    const stage = await servingOne(t);
    stage.intercept = (request, response) => request.url === LIST && intercept(request, response);
    assert.equal(await failureCode(stage), expected);
    stage.policies.set('pol_a', networkPolicy('pol_a', 'b.example', { updated_at: '2026-05-02T00:00:00Z' }));
    stage.intercept = (request, response) => request.url.startsWith(`${LIST}/`) && intercept(request, response);
    // one policy that is gone restarts the sync; the others are what they are in a list
    const inPolicy = expected === 'fetch not_found' ? 'fetch changed_during_sync' : expected;
    assert.equal(await failureCode(stage), inPolicy);
    assert.deepEqual(serving(stage), ['a.example']);
    assert.equal(stage.holder.current()?.generation, 1);
    stage.intercept = () => false;
    assert.equal((await sync(stage)).kind, 'ok');
    assert.equal(stage.source.status().last_error, null);
    assert.deepEqual(serving(stage), ['b.example']);
  });
}

const NEWER = { updated_at: '2026-05-02T00:00:00Z' };
const rule = (more: Record<string, unknown>): Record<string, unknown> => ({
  allowlist_v0: {
    rules: [{ id: 'r', name: 'r', decision: 'deny', actions: ['connect:tcp'], resources: ['x.example'], ...more }],
  },
});
const refusals: readonly { note: string; members: Record<string, unknown>; expected: string; message?: RegExp }[] = [
  { note: 'another organisation', members: { org: 'other' }, expected: 'verify other_org' },
  { note: 'an unknown member', members: { frozen: true }, expected: 'verify unknown_member', message: /`frozen`/ },
  {
    note: 'an unknown member of a rule',
    members: rule({ schedule: 'night' }),
    expected: 'verify unknown_member',
    message: /`schedule`/,
  },
  {
    note: 'an unknown dimension of the scope',
    members: { scope: { users: [] } },
    expected: 'verify unknown_member',
    message: /`users`/,
  },
  { note: 'an unknown status', members: { status: 'suspended' }, expected: 'verify unknown_status' },
  {
    note: 'an unknown status beside enabled: false',
    members: { status: 'x', enabled: false },
    expected: 'verify unknown_status',
  },
  { note: 'enabled that is neither true nor false', members: { enabled: 'no' }, expected: 'verify invalid_policy' },
  { note: 'a validity that is no time', members: { valid_until: 'tomorrow' }, expected: 'verify invalid_policy' },
  { note: 'teams that are no list', members: { scope: { teams: 'all' } }, expected: 'verify invalid_policy' },
  { note: 'rules that are no list', members: { allowlist_v0: { rules: {} } }, expected: 'verify invalid_policy' },
  {
    note: 'a rule that is no object',
    members: { allowlist_v0: { rules: ['allow'] } },
    expected: 'verify invalid_policy',
  },
];

for (const { note, members, expected, message } of refusals) {
  test(`one policy with ${note} fails the whole sync and the last good policies serve`, async (t) => {
    const stage = await servingOne(t);
    stage.policies.set('pol_a', networkPolicy('pol_a', 'b.example', NEWER));
    stage.policies.set('pol_b', networkPolicy('pol_b', 'c.example', members));
    assert.equal(await failureCode(stage), expected);
    assert.match(stage.source.status().last_error?.message ?? '', message ?? /pol_b/);
    assert.deepEqual(serving(stage), ['a.example']);
    stage.policies.delete('pol_b');
    await sync(stage);
    assert.deepEqual(serving(stage), ['b.example']);
  });
}

test('members that the config names are left out, of a policy and of a rule, and no others', async (t) => {
  const stage = await governanceStage(t, { config: { ignoreMembers: ['frozen', 'schedule', 'decision'] } });
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example', { frozen: 1, ...rule({ schedule: 'night' }) }));
  assert.equal((await sync(stage)).kind, 'ok');
  assert.deepEqual(serving(stage), ['x.example']);
  const org = stage.orgs.at(-1);
  assert.ok(org?.kind === 'delivered' && !JSON.stringify(org.stored.load()).match(/frozen|schedule/));
  assert.match(JSON.stringify(org.stored.load()), /"decision":"deny"/);
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example', { ...NEWER, thawed: 1 }));
  assert.equal(await failureCode(stage), 'verify unknown_member');
});

test('null, as some servers write an empty list, is an empty list', async (t) => {
  const stage = await governanceStage(t);
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example', { scope: null, allowlist_v0: { rules: null } }));
  stage.policies.set(
    'pol_b',
    networkPolicy('pol_b', 'b.example', { scope: { teams: null }, status: null, valid_until: null }),
  );
  assert.equal((await sync(stage)).kind, 'ok');
  assert.deepEqual(serving(stage), ['b.example']);
});

test('policies of one name are told apart by their ids; an id that comes twice restarts the sync', async (t) => {
  const stage = await governanceStage(t);
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example', { name: 'same' }));
  stage.policies.set('pol_b', networkPolicy('pol_b', 'b.example', { name: 'same' }));
  await sync(stage);
  assert.deepEqual(serving(stage), ['a.example', 'b.example']);
  stage.policies.set('again', networkPolicy('pol_a', 'evil.example'));
  assert.equal(await failureCode(stage), 'fetch changed_during_sync');
});

test('a policy whose body answers for another id is refused', async (t) => {
  const stage = await servingOne(t);
  stage.policies.set('pol_b', networkPolicy('pol_b', 'b.example'));
  stage.intercept = (request, response) => {
    if (!request.url.endsWith('/pol_b')) return false;
    answerJson(response, 200, networkPolicy('pol_c', 'c.example'));
    return true;
  };
  assert.equal(await failureCode(stage), 'verify invalid_policy');
});

test('an id that would climb out of its path is refused', async (t) => {
  const stage = await servingOne(t);
  for (const id of ['..', '.', 'a/b', '', 'a\nb', '%2e%2e']) {
    stage.policies.set('evil', networkPolicy(id, 'e.example'));
    assert.equal(await failureCode(stage), 'fetch unexpected_answer', id);
  }
});

test('a policy that vanishes or changes between list and get restarts the sync once', async (t) => {
  const stage = await servingOne(t);
  stage.policies.set('pol_b', networkPolicy('pol_b', 'b.example'));
  let once = true;
  stage.intercept = (request, response) => {
    if (!request.url.endsWith('/pol_b') || !once) return false;
    once = false;
    stage.policies.set('pol_b', networkPolicy('pol_b', 'c.example', NEWER));
    answerJson(response, 200, stage.policies.get('pol_b'));
    return true;
  };
  assert.equal((await sync(stage)).kind, 'ok');
  assert.deepEqual(serving(stage), ['a.example', 'c.example']);
  assert.deepEqual(stage.asked(), ['/policies', '/policies/pol_b', '/policies', '/policies/pol_b']);
  stage.policies.set('pol_d', networkPolicy('pol_d', 'd.example'));
  stage.intercept = (request) => {
    if (request.url.endsWith('/pol_d')) stage.policies.delete('pol_d');
    return false;
  };
  assert.equal((await sync(stage)).kind, 'ok');
  stage.policies.set('pol_e', networkPolicy('pol_e', 'e.example'));
  stage.intercept = (request, response) => {
    if (!request.url.endsWith('/pol_e')) return false;
    answerJson(response, 404, {});
    return true;
  };
  assert.equal(await failureCode(stage), 'fetch changed_during_sync');
});

test('a wake that finds nobody is a failure like any other, and the clock tries again', async (t) => {
  const stage = await servingOne(t);
  stage.source.start();
  stage.intercept = (_request, response) => (response.destroy(), true);
  await stage.pass(60);
  assert.equal(stage.source.status().last_error?.code, 'unreachable');
  stage.intercept = () => false;
  await stage.pass(200);
  assert.equal(stage.source.status().state, 'ok');
});

test('429 with either form of Retry-After keeps the next attempt away', async (t) => {
  const stage = await servingOne(t);
  const epoch = Math.round(stage.clock.now() / 1_000);
  const date = new Date(stage.clock.now()).toUTCString();
  for (const header of ['90', new Date(stage.clock.now() + 90_000).toUTCString(), String(epoch + 90)]) {
    stage.intercept = (_request, response) => (answerJson(response, 429, {}, { 'retry-after': header, date }), true);
    assert.equal(await failureCode(stage), 'fetch rate_limited');
    const deferred = await stage.source.sync();
    assert.deepEqual(deferred, { kind: 'deferred', retryAfterMs: 90_000 });
    stage.clock.jump(91_000);
    stage.intercept = () => false;
    await sync(stage);
    stage.clock.jump(-91_000);
  }
});

test('closing in the middle of a sync calls it off', async (t) => {
  const stage = await servingOne(t);
  stage.intercept = (request) => request.url === LIST;
  const running = stage.source.sync();
  await new Promise((resolve) => setTimeout(resolve, 30));
  await stage.source.close();
  const answer = await running;
  assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'failed' && answer.outcome.failure.code === 'aborted');
  assert.equal(stage.source.status().state, 'closed');
  assert.deepEqual(await stage.source.sync(), { kind: 'closed' });
  await stage.source.close();
});

test('a database that breaks while the daemon runs ends neither the polling nor the status', async (t) => {
  const stage = await servingOne(t);
  stage.source.start();
  assert.equal(stage.source.status().state, 'ok');
  stage.breakDatabase();
  await stage.pass(400);
  const { state, last_error: error, last_success: success, next_attempt: next } = stage.source.status();
  assert.deepEqual([state, success, typeof next], ['failing', '2026-06-01T12:00:00.000Z', 'string']);
  assert.match(error?.message ?? '', /database/);
  assert.deepEqual(serving(stage), ['a.example']);
});

test('troubles are told when they begin, change and end, and not each time', async (t) => {
  const stage = await servingOne(t);
  const answering = (status: number): Intercept => {
    return (request, response) => request.url === LIST && (answerJson(response, status, {}), true);
  };
  for (const status of [404, 404, 500, 404]) {
    stage.intercept = answering(status);
    assert.equal((await sync(stage)).kind, 'failed');
  }
  stage.intercept = () => false;
  assert.equal((await sync(stage)).kind, 'ok');
  assert.equal((await sync(stage)).kind, 'ok');
  assert.deepEqual(stage.troubles, ['not_found', 'http_status', 'not_found', null]);
});
