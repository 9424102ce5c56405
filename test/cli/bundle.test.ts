import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ALL_KEYS, type Desk, newDesk, ONLINE, policyOf, serveSite } from './published-site.ts';

const BUILD = 'bundle build --head [head.yaml] --policies [policies] --output [bundle.json]';
const PUBLISH = `bundle publish [bundle.json] --repository [site] --root [1.root.json] ${ALL_KEYS}`;

async function published(desk: Desk): Promise<void> {
  await desk.json(`${BUILD} --revision 1`);
  await desk.json(PUBLISH);
}

test('a bundle is built, published, verified and looked at', async (t) => {
  const desk = newDesk(t);
  const built = await desk.run(`${BUILD} --revision 7 --by alice --reason moved --ticket NET-1`);
  assert.match(built.stdout, /^wrote .*bundle\.json: revision 7 of acme, 1 policy, until 20/);
  const document = JSON.parse(readFileSync(desk.path('bundle.json'), 'utf8')) as Readonly<Record<string, unknown>>;
  const { at, ...change } = document['change'] as Readonly<Record<string, unknown>>;
  assert.deepEqual([change, at], [{ by: 'alice', reason: 'moved', ticket: 'NET-1' }, document['issued_at']]);
  const report = await desk.run(PUBLISH);
  assert.match(
    report.stdout,
    /^published \(root 1, timestamp 1 good until .*\nBUNDLE .*\nbundle\.json\.gz +targets +acme +7 /,
  );
  const verified = await desk.run('bundle verify [site] --root [1.root.json] --org acme');
  assert.match(verified.stdout, /^verified from root to bundle; root 1, epoch 1/);
  assert.match(verified.stdout, /\nbundle\.json\.gz +targets +acme +7 +1 /);
  assert.equal((await desk.json('bundle verify [bundle.json]'))['revision'], '7');
  const inspected = await desk.run('bundle inspect [site]');
  assert.match(
    inspected.stdout,
    /metadata\/timestamp\.json +20.*\n(?:.*\n)*Egress +mirror +allow +connect:tcp +mirror\.example\.com:443\n$/,
  );
  const timestamp = await desk.run('bundle inspect [site]/metadata/timestamp.json');
  assert.match(timestamp.stdout, /metadata: +timestamp, version 1\n(?:.*\n)*issued_at: +20/);
});

test('what a control plane or a daemon would refuse is not built', async (t) => {
  const desk = newDesk(t);
  const failing = async (line: string, message: RegExp, code = 1): Promise<void> => {
    const ran = await desk.run(line);
    assert.deepEqual([ran.code, ran.stdout], [code, ''], line);
    assert.match(ran.stderr, message);
  };
  await failing(BUILD, /^reeve: the bundle needs a revision\nhint: --revision/, 2);
  await failing(`${BUILD} --revision 01`, /`01` is no revision/, 2);
  await failing('bundle build --head [head.yaml] --revision 1', /^reeve: there is no policy\nhint: .*--empty/);
  await failing(`${BUILD} --revision 1 --empty`, /--empty and --policies/, 2);
  await failing(`${BUILD} --repository [nowhere]`, /there is no repository in/);
  desk.write('policies/egress.json', policyOf(['https://mirror.example.com/path']));
  await failing(`${BUILD} --revision 1`, /^reeve: policy `Egress`, rule `mirror`: /);
  desk.write('policies/egress.json', { ...policyOf(['a.example']), status: 'strange' });
  await failing(`${BUILD} --revision 1`, /unknown status/);
  desk.write('policies/egress.json', { ...policyOf(['a.example']), surprise: 1 });
  await failing(`${BUILD} --revision 1`, /unknown member `policies\.0\.surprise`/);
  assert.equal((await desk.run('bundle build --head [head.yaml] --empty --revision 1 --output [bundle.json]')).code, 0);
});

test('a difference is shown in terms of rules, and the next revision follows the repository', async (t) => {
  const desk = newDesk(t);
  await published(desk);
  desk.write('policies/egress.json', policyOf(['mirror.example.com:8443']));
  assert.equal((await desk.json(`${BUILD} --repository [site]`))['revision'], '2');
  const { stdout } = await desk.run('bundle diff [site] [bundle.json]');
  assert.match(
    stdout,
    /^revision 1 → 2\n(?:.*\n)*~ policy `Egress` \(egress\), changed .*\n +~ mirror: allow connect:tcp\n +\+ mirror\.example\.com:8443\n +- mirror\.example\.com:443\n$/,
  );
  const json = await desk.json('bundle diff [bundle.json] [bundle.json]');
  assert.deepEqual([json['terms'], json['policies']], [[], []]);
  assert.match((await desk.run('bundle diff [bundle.json] [bundle.json]')).stdout, /says the same/);
  assert.match((await desk.run('bundle diff [site] [head.yaml]')).stderr, /it is YAML.*`reeve bundle build` makes one/);
  assert.match((await desk.run('bundle diff [site] [site] --target other.gz')).stderr, /has no bundle `other\.gz`/);
});

test('a difference says who made either revision and why, also where they say the same', async (t) => {
  const desk = newDesk(t);
  await desk.json(`${BUILD} --revision 1 --by alice --reason moved --ticket NET-1`);
  await desk.run(`${BUILD} --revision 2 --by bob --ticket NET-2`.replace('[bundle.json]', '[next.json]'));
  const { stdout } = await desk.run('bundle diff [bundle.json] [next.json]');
  assert.match(stdout, /^revision .*\nchange: \d{4}-\S+Z by alice \(NET-1\): moved → \d{4}-\S+Z by bob \(NET-2\)\n/);
  const { change } = (await desk.json('bundle diff [bundle.json] [next.json]')) as Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>
  >;
  assert.deepEqual([change?.['before']?.['by'], change?.['after']?.['ticket']], ['alice', 'NET-2']);
  assert.doesNotMatch((await desk.run('bundle diff [next.json] [next.json]')).stdout, /change:/);
});

test('staging needs the targets key only, and --refresh the online keys only', async (t) => {
  const desk = newDesk(t);
  await published(desk);
  desk.write('policies/egress.json', policyOf(['other.example.com']));
  await desk.json(`${BUILD} --repository [site]`);
  const staged = await desk.run(
    'bundle publish [bundle.json] --repository [site] --key [targets.pem] --passphrase-file [pass.txt]',
  );
  assert.match(staged.stdout, /^staged: /);
  const revision = async (): Promise<unknown> => {
    const { bundles } = await desk.json('bundle verify [site] --root [1.root.json]');
    return (bundles as readonly { revision: string }[])[0]?.revision;
  };
  assert.equal(await revision(), '1');
  const refreshed = await desk.run(`bundle publish --refresh --repository [site] ${ONLINE}`);
  assert.match(refreshed.stdout, /^published /);
  assert.equal(await revision(), '2');
  assert.match(
    (await desk.run(`bundle publish --refresh --repository [site] ${ONLINE}`)).stdout,
    /^signed anew, nothing else has changed/,
  );
});

test('a repository behind a web server is verified as one on the disk', async (t) => {
  const desk = newDesk(t);
  await published(desk);
  const url = await serveSite(t, desk);
  assert.equal((await desk.json(`bundle verify ${url} --root [1.root.json]`))['root'], 1);
  const missing = await desk.run(`bundle verify ${url} --root [1.root.json] --target other.json.gz`);
  assert.deepEqual([missing.code, missing.stdout], [1, '']);
  assert.match(missing.stderr, /no role that may lists `other\.json\.gz`/);
});

test('what a daemon would refuse is refused with its reason, and what is due is a warning', async (t) => {
  const desk = newDesk(t);
  desk.write('head.yaml', 'org: acme\ngoverned: [network]\nexpires_in: P10D\n');
  await published(desk);
  const failing = async (line: string, message: RegExp, code = 1): Promise<void> => {
    const ran = await desk.run(line);
    assert.deepEqual([ran.code, ran.stdout], [code, ''], line);
    assert.match(ran.stderr, message);
  };
  await failing(
    'bundle verify [site]',
    /^reeve: a repository is verified from its pinned root\nhint: name it with --root/,
    2,
  );
  await failing(
    'bundle verify [site] --root [1.root.json] --org other',
    /belongs to another organisation than `other`/,
  );
  await failing('bundle verify [bundle.json] --org other', /belongs to `acme`, another organisation/);
  const warned = await desk.run('bundle verify [site] --root [1.root.json]');
  assert.match(
    warned.stdout,
    /\nwarning: the bundle `bundle\.json\.gz` \(revision 1\) ends in 9 days: .* \(bundle_ends\)\n$/,
  );
  assert.equal((await desk.run('bundle verify [site] --root [1.root.json] --strict')).code, 1);
  writeFileSync(desk.path('site/metadata/1.snapshot.json'), '{}');
  await failing('bundle verify [site] --root [1.root.json]', /^reeve: snapshot: is not the file that is listed/);
  rmSync(desk.path('site/metadata/timestamp.json'));
  await failing(
    'bundle verify [site] --root [1.root.json]',
    /^reeve: timestamp: there is no `metadata\/timestamp\.json`/,
  );
});

test('an envelope for source `file` is signed, and verified with the public key', async (t) => {
  const desk = newDesk(t);
  await desk.json(`${BUILD} --revision 1`);
  const signed = await desk.run('bundle sign [bundle.json] --key [targets.pem] --passphrase-file [pass.txt]');
  assert.match(signed.stdout, /^wrote .*bundle\.dsse\.json: revision 1 of acme, signed/);
  const fine = await desk.run(
    'bundle verify [bundle.dsse.json] --public-key [alice.pem.pub] --public-key [targets.pem.pub]',
  );
  assert.match(fine.stdout, /^fine: revision 1 of acme.*\nsigned by sha256:/);
  const strange = await desk.run('bundle verify [bundle.dsse.json] --public-key [alice.pem.pub]');
  assert.match(strange.stderr, /is signed by none of these keys/);
  assert.match((await desk.run('bundle inspect [bundle.dsse.json]')).stdout, /^bundle: +revision 1 of acme/);
});

test('wrong usage of publish says what is missing', async (t) => {
  const desk = newDesk(t);
  await desk.json(`${BUILD} --revision 1`);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['bundle publish --repository [site]', /there is nothing to publish\nhint: name a bundle, or give --refresh/],
    ['bundle publish --repository [site] --refresh --draft [x]', /--draft is for a bundle/],
    ['bundle publish --repository [site] --from elsewhere', /--from takes `governance`, not `elsewhere`/],
    ['bundle publish [bundle.json] --repository [site] --from governance', /a bundle and --from do not go together/],
    ['bundle publish --repository [site] --from governance', /--from governance needs --head/],
    ['bundle publish --repository [site] --from governance --add-team a=b', /--add-team and --from do not go together/],
    [
      'bundle publish --repository [site] --refresh --base-url https://x.example',
      /--base-url goes with --from governance/,
    ],
    ['bundle publish --repository [site] --refresh --every soon', /--every must be a duration/],
    ['bundle publish --repository [site] --refresh --team a', /--team publishes a bundle: name one/],
    ['bundle publish --repository [site] --add-team a', /--add-team takes NAME=FILE, not `a`/],
    [
      `bundle publish --repository [site] --refresh --key [a] --key [b] --key [c] --passphrase-file [d] --passphrase-file [e]`,
      /3 keys and 2 passphrase files/,
    ],
  ];
  for (const [line, message] of cases) {
    const { code, stdout, stderr } = await desk.run(line);
    assert.deepEqual([code, stdout], [2, ''], line);
    assert.match(stderr, message);
  }
  const early = await desk.run(`bundle publish [bundle.json] --repository [site] ${ALL_KEYS}`);
  assert.match(early.stderr, /has no root yet: give the first one with --root/);
});

test('a team is added, publishes with its own key, and goes', async (t) => {
  const desk = newDesk(t);
  await published(desk);
  await desk.json(`bundle publish --repository [site] --add-team research=[bob.pem.pub] ${ALL_KEYS}`);
  await desk.json(`bundle publish [bundle.json] --repository [site] --team research --key [bob.pem] ${ONLINE}`);
  const verify = 'bundle verify [site] --root [1.root.json] --target research/bundle.json.gz';
  const { bundles } = await desk.json(verify);
  assert.deepEqual(
    (bundles as readonly { path: string; role: string }[]).map(({ path, role }) => [path, role]),
    [['research/bundle.json.gz', 'research']],
  );
  await desk.json(`bundle publish --repository [site] --remove-team research ${ALL_KEYS}`);
  assert.match((await desk.run(verify)).stderr, /no role that may lists/);
});

test('--every signs again and again until it is stopped', async (t) => {
  const desk = newDesk(t);
  await published(desk);
  const reports: { result: string; timestamp: number }[] = [];
  const running = desk.run(`bundle publish --repository [site] --every 1s ${ONLINE} --json`, {
    stopped: new Promise((resolve) => {
      const look = setInterval(() => {
        if (reports.length >= 3) {
          clearInterval(look);
          resolve('SIGTERM');
        }
      }, 20);
      t.after(() => clearInterval(look));
    }),
    onOutput: (text) =>
      reports.push(
        ...text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as (typeof reports)[number]),
      ),
  });
  assert.equal((await running).code, 0);
  assert.deepEqual(
    reports.slice(0, 3).map(({ result, timestamp }) => [result, timestamp]),
    [
      ['refreshed', 2],
      ['refreshed', 3],
      ['refreshed', 4],
    ],
  );
});

test('two targets keys that never meet on one machine sign a draft, which is published then', async (t) => {
  const desk = newDesk(t);
  await published(desk);
  await desk.json(`keys add [1.root.json] --role targets --new [carol.pem.pub] --threshold 2`);
  for (const person of ['alice', 'bob']) {
    await desk.json(`keys sign [2.root.json] --key [${person}.pem] --passphrase-file [pass.txt]`);
  }
  const signatures = (file: string): string =>
    readdirSync(desk.path('.'))
      .filter((name) => name.startsWith(`${file}.`) && name.endsWith('.sig'))
      .map((name) => `[${name}]`)
      .join(' ');
  await desk.json(`keys assemble [2.root.json] ${signatures('2.root.json')}`);
  const both = ALL_KEYS.replace('--key [targets.pem]', '--key [targets.pem] --key [carol.pem]');
  await desk.json(`bundle publish --repository [site] --root [2.root.json] ${both}`);
  desk.write('policies/egress.json', policyOf(['other.example.com']));
  await desk.json(`${BUILD} --repository [site]`);
  const alone = await desk.run(`bundle publish [bundle.json] --repository [site] ${ALL_KEYS}`);
  assert.match(alone.stderr, /`targets` needs more signatures \(1 of 2 keys are here\)/);
  const { version } = await desk.json('bundle publish [bundle.json] --repository [site] --draft [next.targets.json]');
  assert.equal(version, 3);
  const unknown = await desk.run('keys sign [next.targets.json] --key [targets.pem] --passphrase-file [pass.txt]');
  assert.match(unknown.stderr, /who signs targets is in the root\nhint: name it with --root/);
  const sign = 'keys sign [next.targets.json] --root [2.root.json] --passphrase-file [pass.txt]';
  assert.match((await desk.run(`${sign} --key [alice.pem]`)).stderr, /is of a key that is no targets key of this root/);
  const first = await desk.run(`${sign} --key [targets.pem]`);
  assert.match(first.stdout, /bundle\.json\.gz: .*revision 2 of acme\n.*by targets keys: 0 of 2 /);
  const few = await desk.run(
    `keys assemble [next.targets.json] ${signatures('next.targets.json')} --root [2.root.json]`,
  );
  assert.deepEqual([few.code, /stays unsigned/.test(few.stdout)], [1, true]);
  await desk.json(`${sign} --key [carol.pem]`);
  await desk.json(`keys assemble [next.targets.json] ${signatures('next.targets.json')} --root [2.root.json]`);
  const report = await desk.json(`bundle publish --repository [site] --signed [next.targets.json] ${ONLINE}`);
  assert.equal((report['bundles'] as readonly { revision: string }[])[0]?.revision, '2');
  await desk.json('bundle verify [site] --root [1.root.json]');
  const again = await desk.run(`bundle publish --repository [site] --signed [next.targets.json] ${ONLINE}`);
  assert.match(again.stderr, /is older than what is there/);
});
