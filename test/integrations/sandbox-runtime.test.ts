import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createClient, type Question } from '../../src/client/index.ts';
import { createReeveAsk, type ReeveAskOptions } from '../../src/integrations/sandbox-runtime.ts';
import { startDecisionDaemon } from '../support/decision-daemon.ts';

/** Over a daemon that allows `api.example.com:443` and nothing else. */
async function asking(t: TestContext, options: ReeveAskOptions = {}): Promise<ReturnType<typeof createReeveAsk>> {
  const { decide } = await startDecisionDaemon(t);
  return createReeveAsk({ socket: decide, ...options });
}

test('what the policy allows is true, what it denies is false', async (t) => {
  const ask = await asking(t);
  assert.equal(await ask({ host: 'api.example.com', port: 443 }), true);
  assert.equal(await ask({ host: 'api.example.com', port: 80 }), false);
  assert.equal(await ask({ host: 'evil.example', port: 443 }), false);
});

test('hosts go to the daemon as the program wrote them, and every spelling meets the same rule', async (t) => {
  const ask = await asking(t);
  assert.equal(await ask({ host: 'API.Example.COM.', port: 443 }), true);
  for (const host of ['', '127.1', '0x7f.1', '[::1]', 'api.example.com%00', 'a\nb', 'x'.repeat(70_000)]) {
    assert.equal(await ask({ host, port: 443 }), false, host.slice(0, 40));
  }
});

test('without a port nothing is allowed', async (t) => {
  const ask = await asking(t);
  assert.equal(await ask({ host: 'api.example.com', port: undefined }), false);
  assert.equal(await ask({ host: 'api.example.com' }), false);
});

test('a daemon that is not there denies', async (t) => {
  const { decide, api } = await startDecisionDaemon(t);
  const ask = createReeveAsk({ socket: decide });
  await api.close();
  assert.equal(await ask({ host: 'api.example.com', port: 443 }), false);
});

test('a denial carries reeve’s reason where the runtime can read it, and only there', async (t) => {
  const question = { host: 'evil.example', port: 443 };
  const ask = await asking(t, { denyReasons: true });
  assert.deepEqual(await ask(question), {
    allow: false,
    reason: 'no rule allows connect:tcp to evil.example:443',
  });
  assert.equal(await ask({ host: 'api.example.com', port: 443 }), true);
  const portless = await ask({ host: 'api.example.com' });
  assert.deepEqual(portless, { allow: false, reason: 'the sandbox runtime did not say which port' });
});

test('a client of the caller’s is asked, with the labels that say who asks', async (t) => {
  const { decide } = await startDecisionDaemon(t);
  const client = createClient({ socket: decide });
  t.after(() => client.close());
  const questions: Question[] = [];
  const watched = {
    decide: (question: Question) => {
      questions.push(question);
      return client.decide(question);
    },
  };
  const ask = createReeveAsk({ client: watched, labels: { sandbox: 'sbx-1', agent: 'claude' } });
  assert.equal(await ask({ host: 'api.example.com', port: 443 }), true);
  assert.deepEqual(questions, [
    { sandbox: 'sbx-1', agent: 'claude', action: 'connect:tcp', host: 'api.example.com', port: 443 },
  ]);
});

test('a client of the caller’s that rejects denies', async () => {
  const client = { decide: () => Promise.reject(new Error('broken')) };
  const question = { host: 'api.example.com', port: 443 };
  assert.equal(await createReeveAsk({ client })(question), false);
  assert.deepEqual(await createReeveAsk({ client, denyReasons: true })(question), {
    allow: false,
    reason: 'reeve could not be asked',
  });
});
