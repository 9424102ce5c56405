import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, newPolicy, POLICIES, type RunningServer, startServer } from './running-server.ts';

interface Page {
  readonly ids: readonly string[];
  readonly next: string | null;
}

async function page(server: RunningServer, query: string): Promise<Page> {
  const answer = await server.ask(`GET ${POLICIES}${query}`);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const { data, next_page_token: next } = answer.body as { data: { id: string }[]; next_page_token: string | null };
  return { ids: data.map((policy) => policy.id), next };
}

async function walk(server: RunningServer, size: number, between: () => Promise<unknown>): Promise<readonly string[]> {
  const ids: string[] = [];
  let query = `?page_size=${size}`;
  for (let count = 0; count < 60; count += 1) {
    const { ids: more, next } = await page(server, query);
    assert.ok(more.length <= size);
    ids.push(...more);
    if (next === null) return ids;
    query = `?page_size=${size}&page_token=${encodeURIComponent(next)}`;
    await between();
  }
  throw new Error('the listing does not end');
}

async function policies(server: RunningServer, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) ids.push(await newPolicy(server, `p${index}`));
  return ids;
}

test('pages of any size hold each policy once, and the last one says so with null', async (t) => {
  const server = await startServer(t);
  const ids = await policies(server, 7);
  for (const size of [1, 2, 3, 6, 7, 8, 100]) {
    assert.deepEqual([...(await walk(server, size, () => Promise.resolve()))].sort(), [...ids].sort());
  }
  // a page that is exactly full ends the listing when nothing lies behind it
  assert.equal((await page(server, '?page_size=7')).next, null);
});

test('a listing under concurrent writes shows every policy that existed throughout, exactly once', async (t) => {
  const server = await startServer(t);
  const ids = await policies(server, 20);
  const doomed = ids.filter((_, index) => index % 3 === 0);
  const lasting = ids.filter((id) => !doomed.includes(id));
  let extra = 0;
  const seen = await walk(server, 2, async () => {
    extra += 1;
    const victim = doomed.pop();
    if (victim !== undefined) await server.ask(`DELETE ${POLICIES}/${victim}`);
    await newPolicy(server, `extra${extra}`);
    await server.ask(`PATCH ${POLICIES}/${lasting[extra % lasting.length] ?? ''}`, { body: { name: `moved${extra}` } });
  });
  for (const id of lasting) assert.equal(seen.filter((each) => each === id).length, 1, id);
  assert.equal(new Set(seen).size, seen.length);
});

test('a page token outlives the policy that it names', async (t) => {
  const server = await startServer(t);
  await policies(server, 4);
  const first = await page(server, '?page_size=2');
  for (const id of first.ids) await server.ask(`DELETE ${POLICIES}/${id}`);
  const second = await page(server, `?page_size=2&page_token=${first.next ?? ''}`);
  assert.equal(second.ids.length, 2);
  assert.equal(second.next, null);
});

test('page_size 0, absent, or above 100 means 100', async (t) => {
  const server = await startServer(t);
  await policies(server, 3);
  for (const query of ['', '?page_size=0', '?page_size=101', '?page_size=999999999', '?page_token=', '?unknown=1']) {
    assert.equal((await page(server, query)).ids.length, 3);
  }
});

test('what is no page_size or no token of ours is a 400', async (t) => {
  const server = await startServer(t);
  await policies(server, 1);
  const queries = [
    'page_size=-1',
    'page_size=1.5',
    'page_size=x',
    'page_size=',
    'page_size=1e2',
    'page_size=1&page_size=2',
  ]
    .concat(['page_token=x', 'page_token=AAAA', `page_token=${Buffer.from("1:pol_' OR 1=1").toString('base64url')}`])
    .concat([`page_token=${Buffer.from('{"PK":"acme","SK":"policy#pol_"}').toString('base64url')}`]);
  for (const query of queries) {
    const answer = await server.ask(`GET ${POLICIES}?${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal(at(answer.body, 'error', 'code'), 'invalid_argument');
  }
});
