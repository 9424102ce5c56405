import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { newestBundle } from '../../src/publisher/published-document.ts';
import { ask, NETWORK_RULE, newCredential, textAt, tokenOf } from '../control-plane/running-server.ts';
import { ALL_KEYS, newDesk } from './published-site.ts';

const POLICIES = '/orgs/acme/governance/policies';

test('a control plane publishes what is written, soon and as one revision, and serves it', {
  timeout: 60_000,
}, async (t) => {
  const desk = newDesk(t);
  let stop = (): void => undefined;
  const stopped = new Promise<string>((resolve) => (stop = () => resolve('SIGTERM')));
  t.after(() => stop());
  const line = `control-plane start --database [cp.db] --port 0 --repository [site] --root [1.root.json] --head [head.yaml] ${ALL_KEYS} --json`;
  let heard: (text: string) => void = () => undefined;
  const listening = new Promise<string>((resolve) => (heard = resolve));
  const running = desk.run(line, { stopped, onOutput: (text) => heard(text) });
  const { url, repository } = JSON.parse(await listening) as { url: string; repository: string };
  const revision = (): string | null => newestBundle(desk.path('site'), 'bundle.json.gz')?.bundle.revision ?? null;
  const reached = async (wanted: string): Promise<void> => {
    for (let tries = 0; tries < 300; tries += 1) {
      const verified = await desk.run(`bundle verify ${repository} --root [1.root.json] --json`);
      if (verified.code === 0 && verified.stdout.includes(`"revision":"${wanted}"`)) return;
      await sleep(100);
    }
    assert.fail(`revision ${wanted} was not published`);
  };
  // there is nothing yet, and that is published: an explicit statement
  await reached('1');
  const token = await tokenOf(url, newCredential(desk.path('cp.db'), 'admin'));
  const created = await ask(url, `POST ${POLICIES}`, { token, body: { name: 'egress' } });
  const id = textAt(created.body, 'id');
  for (const name of ['one', 'two', 'three']) {
    await ask(url, `POST ${POLICIES}/${id}/rules`, { token, body: { ...NETWORK_RULE, name } });
  }
  await reached('2');
  assert.equal(revision(), '2');
  const published = newestBundle(desk.path('site'), 'bundle.json.gz')?.bundle.policies ?? [];
  assert.equal(JSON.stringify(published).match(/"one"|"two"|"three"/g)?.length, 3);
  stop();
  const { code, stderr } = await running;
  assert.equal(code, 0);
  assert.match(stderr, /"event":"published","result":"published","org":"acme","revision":"2"/);
});

test('what it publishes with is asked for before it listens', async (t) => {
  const desk = newDesk(t);
  const start = 'control-plane start --database [cp.db] --port 0 --repository [site]';
  const without = await desk.run(start);
  assert.deepEqual([without.code, without.stdout], [2, '']);
  assert.match(without.stderr, /--repository needs --head FILE/);
  const key = await desk.run(`${start} --head [head.yaml] --key [nothing.pem]`);
  assert.deepEqual([key.code, key.stdout], [1, '']);
  assert.match(key.stderr, /nothing\.pem`: it cannot be opened \(ENOENT\)/);
});
