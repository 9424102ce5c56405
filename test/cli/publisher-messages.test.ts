import assert from 'node:assert/strict';
import { chmodSync, readdirSync, rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ALL_KEYS, type Desk, newDesk, serveSite } from './published-site.ts';

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

test('a file that is missing is named with what the server said, and with what to do', async (t) => {
  const desk = await published(t);
  const url = await serveSite(t, desk);
  const verify = (what: string): string => `bundle verify ${what} --root [1.root.json]`;
  const incomplete = 'the repository is incomplete, so copy all of it again\\n$';
  for (const name of readdirSync(desk.path('site/targets'))) rmSync(desk.path(`site/targets/${name}`));
  const target = 'targets/[0-9a-f]{64}\\.bundle\\.json\\.gz';
  await failing(desk, verify('[site]'), new RegExp(`^reeve: target: there is no \`${target}\`: ${incomplete}`));
  const answered = `^reeve: target: GET ${url}/${target} answered 404: ${incomplete}`;
  await failing(desk, verify(url), new RegExp(answered));
  rmSync(desk.path('site/metadata/1.snapshot.json'));
  await failing(desk, verify(url), new RegExp(`metadata/1\\.snapshot\\.json answered 404: ${incomplete}`));
  const nowhere = /timestamp: GET .*timestamp\.json answered 404: is this where the repository is\?/;
  await failing(desk, verify(`${url}/elsewhere`), nowhere);
});

test('what cannot be used is said with what to do next', async (t) => {
  const desk = await published(t);
  desk.write('wrong.txt', 'not this passphrase');
  chmodSync(desk.path('wrong.txt'), 0o600);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['bundle verify [gone.json]', /gone\.json`: it cannot be opened \(ENOENT\): nothing is there, so see/],
    [
      'bundle build --head [head.yaml] --policies [gone] --revision 2',
      /gone`: it cannot be opened \(ENOENT\): nothing is there/,
    ],
    ['bundle verify [head.yaml]', /head\.yaml`: it is YAML, and a bundle is JSON: `reeve bundle build` makes one/],
    [
      `bundle publish [head.yaml] --repository [site] ${ALL_KEYS}`,
      /head\.yaml`: it is YAML, and a bundle is JSON: `reeve bundle build` makes one/,
    ],
    [
      'bundle sign [bundle.json] --key [targets.pem] --passphrase-file [wrong.txt]',
      /does not open `.*targets\.pem`: try it again, or where the file is damaged take a copy/,
    ],
    [
      'bundle publish [bundle.json] --repository [site] --draft [next.json]',
      /there is nothing to sign\nhint: name a bundle with a higher revision/,
    ],
    [
      'bundle verify http://127.0.0.1:1 --root [1.root.json]',
      /no connection \(ECONNREFUSED\): see that the URL is right and its server answers/,
    ],
  ];
  for (const [line, message] of cases) await failing(desk, line, message);
});
