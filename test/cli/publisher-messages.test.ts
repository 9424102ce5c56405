import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ALL_KEYS, type Desk, newDesk } from './published-site.ts';

const BUILD = 'bundle build --head [head.yaml] --policies [policies] --output [bundle.json] --revision 1';

async function published(t: TestContext): Promise<Desk> {
  const desk = newDesk(t);
  await desk.json(BUILD);
  await desk.json(`bundle publish [bundle.json] --repository [site] --root [1.root.json] ${ALL_KEYS}`);
  return desk;
}

async function failing(desk: Desk, line: string, message: RegExp): Promise<void> {
  const { code, stdout, stderr } = await desk.run(line);
  assert.deepEqual([code, stdout], [1, ''], line);
  assert.match(stderr, message);
}

test('another file than a root is named as the one at fault', async (t) => {
  const desk = await published(t);
  const message =
    /^reeve: cannot use `.*alice\.pem\.pub`: it is no root: name the root file, such as `1\.root\.json`\n$/;
  await failing(desk, 'bundle verify [site] --root [alice.pem.pub]', message);
  await failing(desk, `bundle publish [bundle.json] --repository [new] --root [alice.pem.pub] ${ALL_KEYS}`, message);
  await failing(desk, 'bundle verify [site] --root [bundle.json]', /bundle\.json`: it is no root/);
});
