import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { makeKeyFiles, openKeyFile } from '../../src/publisher/key-file.ts';
import { followStored } from '../../src/tuf/root-chain.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';
import { onTerminal } from './terminal.ts';

const PASSPHRASE = 'correct horse battery';

interface Desk {
  readonly path: (name: string) => string;
  /** Runs `reeve keys …`; words that end in a known ending are files of the desk. */
  readonly keys: (line: string) => ReturnType<typeof runCli>;
  readonly json: (line: string) => Promise<Readonly<Record<string, unknown>>>;
}

function desk(t: TestContext): Desk {
  const directory = temporaryDirectory(t);
  const path = (name: string): string => join(directory, name);
  writeFileSync(path('pass.txt'), `${PASSPHRASE}\n`, { mode: 0o600 });
  const words = (line: string): string[] =>
    line.split(' ').map((word) => (/\.(?:pem|pub|json|sig|txt)$/.test(word) ? path(word) : word));
  const keys = (line: string): ReturnType<typeof runCli> => runCli(['keys', ...words(line)]);
  return {
    path,
    keys,
    async json(line) {
      const { code, stdout, stderr } = await keys(`${line} --json`);
      assert.equal(code, 0, `${line}: ${stderr}`);
      return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    },
  };
}

const PEOPLE = ['a', 'b', 'c', 't', 's', 'z'];

/** Made once for all tests: making a key is slow on purpose. */
const shared = mkdtempSync(join(tmpdir(), 'reeve-keys-'));
after(() => rmSync(shared, { recursive: true, force: true }));
const IDS = [...PEOPLE, 'n', 'm'].map((name) => makeKeyFiles(join(shared, `${name}.pem`), PASSPHRASE).id);

function withKeys(t: TestContext): Desk {
  const here = desk(t);
  cpSync(shared, here.path('.'), { recursive: true });
  return here;
}

const INIT =
  'init 1.root.json --root a.pem.pub --root b.pem.pub --root c.pem.pub --targets t.pem.pub --snapshot s.pem.pub --timestamp z.pem.pub';
async function signedBy(here: Desk, file: string, signers: readonly string[]): Promise<readonly string[]> {
  const signatures: string[] = [];
  for (const signer of signers) {
    const { signature } = await here.json(`sign ${file} --key ${signer}.pem --passphrase-file pass.txt`);
    signatures.push(String(signature).split('/').at(-1) ?? '');
  }
  return signatures;
}

test('a key is a private file that only the passphrase opens, and a public one', async (t) => {
  const here = withKeys(t);
  await here.json('create fresh.pem --passphrase-file pass.txt');
  const pem = here.path('fresh.pem');
  assert.deepEqual([statSync(pem).mode & 0o777, statSync(`${pem}.pub`).mode & 0o777], [0o600, 0o644]);
  assert.match(readFileSync(pem, 'utf8'), /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
  const again = await here.keys('create fresh.pem --passphrase-file pass.txt');
  assert.equal(again.code, 1);
  assert.match(again.stderr, /it is there already, and nothing is written over it/);
});

test('a private key is the one that OpenSSL reads', (t) => {
  const here = withKeys(t);
  let text: string;
  try {
    text = execFileSync('openssl', ['pkey', '-in', here.path('a.pem'), '-passin', `pass:${PASSPHRASE}`, '-pubout'], {
      encoding: 'utf8',
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      t.skip('there is no openssl here');
      return;
    }
    throw error;
  }
  assert.equal(text, readFileSync(here.path('a.pem.pub'), 'utf8'));
});

test('a passphrase has to be long, in a file for nobody else, and the right one', async (t) => {
  const here = withKeys(t);
  await here.json(INIT);
  const with_ = async (content: string, mode = 0o600, line = 'create new.pem'): Promise<string> => {
    const file = here.path(`pass-${mode}-${content.length}.txt`);
    writeFileSync(file, content, { mode });
    const { code, stderr } = await here.keys(`${line} --passphrase-file ${file.split('/').at(-1) ?? ''}`);
    assert.equal(code, 1);
    return stderr;
  };
  assert.match(await with_('too short\n'), /at least 12 characters/);
  assert.match(await with_(`${PASSPHRASE}\n`, 0o644), /others may read the passphrase file .*\nhint: chmod 600/);
  assert.match(await with_('two\nlines and more\n'), /does not hold one line/);
  assert.match(await with_('\n'), /does not hold one line/);
  assert.match(await with_('x'.repeat(2_000)), /too long/);
  assert.match(await with_('another passphrase\n', 0o600, 'sign 1.root.json --key a.pem'), /does not open/);
  assert.ok(!existsSync(here.path('new.pem')));
});

test('three people make a root: two sign, a third checks the digest, and a daemon can pin it', async (t) => {
  const here = withKeys(t);
  const draft = await here.json(INIT);
  assert.equal(draft['complete'], false);
  const [first = '', second = ''] = await signedBy(here, '1.root.json', ['a', 'c']);
  const few = await here.keys(`assemble 1.root.json ${first}`);
  assert.equal(few.code, 1);
  assert.match(
    few.stdout,
    /by root keys of version 1: 1 of 2 \(still to sign: .*\n.*stays unsigned: let those keys sign with `reeve keys sign`, then assemble all signatures/,
  );
  const done = await here.json(`assemble 1.root.json ${first} ${second}`);
  assert.deepEqual([done['complete'], done['content_sha256']], [true, draft['content_sha256']]);
  const bytes = readFileSync(here.path('1.root.json'));
  assert.equal(done['file_sha256'], createHash('sha256').update(bytes).digest('hex'));
  assert.equal(followStored(bytes, () => null).root.file.version, 1);
  const { path, ...report } = done;
  assert.equal(path, here.path('1.root.json'));
  assert.deepEqual(await here.json('show 1.root.json'), report);
});

test('a signature that would count for nothing is not made, and one of something else is not taken', async (t) => {
  const here = withKeys(t);
  await here.json(INIT);
  const stranger = await here.keys('sign 1.root.json --key t.pem --passphrase-file pass.txt');
  assert.match(stranger.stderr, /is of a key that is no root key here: it would count for nothing/);
  const [a = '', b = ''] = await signedBy(here, '1.root.json', ['a', 'b']);
  await here.json('renew 1.root.json --days 10');
  const old = await here.keys(`assemble 1.root.json ${a} ${b}`);
  assert.match(old.stderr, /was made for something else: leave it out/);
});

test('keys are added, rotated, removed and revoked by the next root, which old and new keys sign', async (t) => {
  const here = withKeys(t);
  await here.json(INIT);
  const signatures = await signedBy(here, '1.root.json', ['a', 'b']);
  await here.json(`assemble 1.root.json ${signatures.join(' ')}`);
  const [, , , t_ = '', , z = ''] = IDS;
  const rotated = await here.json(`rotate 1.root.json --key ${t_.slice(0, 12)} --new n.pem.pub`);
  assert.equal(String(rotated['path']).split('/').at(-1), '2.root.json');
  // a draft is changed where it lies
  await here.json(`revoke 2.root.json --key ${z} --new m.pem.pub`);
  const draft = await here.json('add 2.root.json --role targets --new t.pem.pub --threshold 2');
  assert.deepEqual([draft['version'], draft['revoked_key_ids']], [2, [z]]);
  const again = await here.keys('add 2.root.json --role snapshot --new z.pem.pub');
  assert.match(again.stderr, /is revoked: `snapshot` needs another one/);
  const shared = await here.keys('add 2.root.json --role snapshot --new t.pem.pub');
  assert.match(shared.stderr, /has both `targets` and `snapshot`: each key has one role/);
  const removed = await here.keys(`remove 2.root.json --key ${t_}`);
  assert.match(
    removed.stderr,
    /`targets` would have fewer keys \(1\) than signatures to give \(2\): name another key, such as with `--new`/,
  );
  await here.json(`remove 2.root.json --key ${t_} --threshold 1`);
  const enough = await signedBy(here, '2.root.json', ['b', 'c']);
  const done = await here.json(`assemble 2.root.json ${enough.join(' ')}`);
  assert.deepEqual(
    (done['needed'] as readonly { root_version: number; signed: readonly string[] }[]).map(
      ({ root_version: version, signed }) => [version, signed.length],
    ),
    [
      [2, 2],
      [1, 2],
    ],
  );
  const chain = followStored(readFileSync(here.path('1.root.json')), (version) =>
    version === 2 ? readFileSync(here.path('2.root.json')) : null,
  );
  assert.equal(chain.broken, null);
  assert.deepEqual([...chain.root.file.revokedKeyIds], [z]);
  assert.equal(chain.root.epoch, 2);
});

test('the next root alone is not judged: the keys of the one before have to sign too', async (t) => {
  const here = withKeys(t);
  await here.json(INIT);
  const first = await signedBy(here, '1.root.json', ['a', 'b']);
  await here.json(`assemble 1.root.json ${first.join(' ')}`);
  await here.json('renew 1.root.json');
  const draft = readFileSync(here.path('2.root.json'));
  const elsewhere = desk(t);
  writeFileSync(elsewhere.path('2.root.json'), draft);
  const { code, stdout } = await elsewhere.keys('show 2.root.json');
  assert.equal(code, 1);
  assert.match(stdout, /root 1 is not here: name it with --previous/);
});

test('wrong usage says what is missing', async (t) => {
  const here = withKeys(t);
  const cases = [
    [
      'init 1.root.json --root a.pem.pub --targets t.pem.pub --snapshot s.pem.pub --timestamp z.pem.pub',
      2,
      /2 root keys have to sign and 1 were given/,
    ],
    [INIT.replace('a.pem.pub', 'a.pem'), 1, /is no Ed25519 public key in PEM .*: it is a private one/],
    [`${INIT} --days 0`, 2, /--days must be a whole number from 1 to 825/],
    [`${INIT} --root-threshold 4`, 2, /4 root keys have to sign and 3 were given/],
    [
      'add missing.json --role targets --new t.pem.pub',
      1,
      /cannot use `.*missing\.json`: it cannot be opened \(ENOENT\): nothing is there, so see that the path is right/,
    ],
    ['show a.pem.pub', 1, /is not valid JSON/],
    ['sign a.pem.pub --key a.pem', 1, /is not valid JSON/],
  ] as const;
  for (const [line, expected, message] of cases) {
    const { code, stderr, stdout } = await here.keys(line);
    assert.deepEqual([code, stdout], [expected, ''], line);
    assert.match(stderr, message);
  }
  await here.json(INIT);
  assert.match((await here.keys('rotate 1.root.json --key 1234567 --new t.pem.pub')).stderr, /is too short/);
  assert.match((await here.keys('add 1.root.json --role boss --new t.pem.pub')).stderr, /--role must be one of root/);
});

test('a passphrase is asked for on the terminal, twice for a new key, and never shown', async (t) => {
  const here = desk(t);
  const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
  const command = `${process.execPath} ${main} keys create ${here.path('a.pem')}`;
  const shown = await onTerminal(t, command, (text, before) =>
    ['new passphrase for', 'the same again:']
      .filter((prompt) => text.includes(prompt) && !before.includes(prompt))
      // a slip, taken back
      .map(() => `${PASSPHRASE}x\u007f`),
  );
  if (shown === null) return;
  assert.ok(!shown.includes('horse'), shown);
  assert.match(openKeyFile(here.path('a.pem'), PASSPHRASE).id, /^[0-9a-f]{64}$/);
});
