import assert from 'node:assert/strict';
import { chmodSync, lchownSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { PrefixSurvey, resolveLiteralPrefix, resolveLiteralPrefixes } from '../../src/realpath/literal-prefix.ts';
import { plant, tempDirectory } from '../support/temp-tree.ts';
import { grow, nodeName, step, tree } from './random-tree.ts';

const asRoot = { skip: process.geteuid?.() === 0 ? false : 'only root can give files to root' };

const linuxOnly = { skip: process.platform === 'linux' ? false : 'needs /proc' };

test('a prefix that crosses links gets an entry, one that does not gets none', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'l -> a', 'gone -> nowhere', 'loop -> loop']);
  const links = resolveLiteralPrefixes([`${root}/a`, `${root}/l/x`, `${root}/gone`, `${root}/loop`, `${root}/new`]);
  assert.deepEqual([...links.keys()], [`${root}/l/x`, `${root}/gone`]);
  assert.equal(links.get(`${root}/l/x`)?.resolved, `${root}/a/x`);
  assert.equal(links.get(`${root}/gone`)?.resolved, `${root}/nowhere`);
});

test('a link that leads back to where it stands is none', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'a/self -> ..']);
  assert.equal(resolveLiteralPrefix(`${root}/a/self/a`)?.resolved, `${root}/a`);
  assert.equal(resolveLiteralPrefix(`${root}/a/self`)?.resolved, root);
});

test("root's link in root's directory is trusted", asRoot, (t) => {
  const root = tempDirectory(t);
  plant(root, ['dir/', 'dir/l -> ../a']);
  chmodSync(`${root}/dir`, 0o755);
  assert.deepEqual(resolveLiteralPrefix(`${root}/dir/l`), { resolved: `${root}/a`, trusted: true });
});

test('a link that anybody else could exchange is not trusted', asRoot, (t) => {
  const root = tempDirectory(t);
  plant(root, ['dir/', 'dir/l -> ../a', 'good/', 'good/l -> ../dir/l']);
  chmodSync(`${root}/good`, 0o755);
  const trusted = (path: string): boolean | undefined => resolveLiteralPrefix(`${root}/${path}`)?.trusted;
  for (const mode of [0o775, 0o757, 0o1777]) {
    chmodSync(`${root}/dir`, mode);
    assert.equal(trusted('dir/l'), false, mode.toString(8));
    // one such link on the way is enough
    assert.equal(trusted('good/l'), false);
  }
  chmodSync(`${root}/dir`, 0o755);
  assert.equal(trusted('good/l'), true);
  lchownSync(`${root}/dir/l`, 1000, 0);
  assert.equal(trusted('dir/l'), false, 'link of another user');
  lchownSync(`${root}/dir/l`, 0, 0);
  lchownSync(`${root}/dir`, 1000, 0);
  assert.equal(trusted('dir/l'), false, 'directory of another user');
});

test('a link of an ordinary user is not trusted', (t) => {
  const root = tempDirectory(t);
  plant(root, ['l -> a']);
  if (process.geteuid?.() === 0) lchownSync(`${root}/l`, 1000, 1000);
  assert.equal(resolveLiteralPrefix(`${root}/l`)?.trusted, false);
});

test('/proc/self leads everybody to themselves, so where it led us is not trusted', linuxOnly, () => {
  assert.deepEqual(resolveLiteralPrefix('/proc/self/status'), {
    resolved: `/proc/${process.pid}/status`,
    trusted: false,
  });
  assert.equal(resolveLiteralPrefix('/proc/self/root'), null);
});

/** Gives some of what is planted to somebody else, and lets somebody else write to some directories. */
function entrust(directory: string, choices: readonly number[]): void {
  for (const [index, name] of readdirSync(directory).entries()) {
    const path = join(directory, name);
    const choice = choices[index % choices.length] ?? 0;
    const isDirectory = lstatSync(path).isDirectory();
    if (isDirectory) chmodSync(path, choice === 1 ? 0o775 : 0o755);
    if (choice === 2 && process.geteuid?.() === 0) lchownSync(path, 1000, 1000);
    if (isDirectory) entrust(path, choices);
  }
}

/** As rules have them, with several below each directory, and as they cannot be. */
const prefixNames = fc.oneof(
  { weight: 8, arbitrary: fc.array(nodeName, { minLength: 1, maxLength: 5 }) },
  fc.array(fc.oneof(step, fc.constantFrom('.', '')), { minLength: 1, maxLength: 4 }),
);
const ELSEWHERE = ['/', '/proc/self/root', '/proc/self/status', '/dev/fd/0', '/.vol/1', '/no-such/a/b', '', 'a/b'];

test('prefixes that are looked at together lead to the same as one by one', (t) => {
  const base = tempDirectory(t);
  const seen = { trusted: 0, untrusted: 0, none: 0 };
  let count = 0;
  fc.assert(
    fc.property(
      tree,
      fc.array(prefixNames, { minLength: 5, maxLength: 40 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 }),
      (entries, names, choices) => {
        count += 1;
        const root = `${base}/${count}`;
        mkdirSync(root);
        grow(root, entries);
        entrust(root, choices);
        const prefixes = [...names.map((parts) => `${root}/${parts.join('/')}`), ...ELSEWHERE];
        for (const platform of ['linux', 'darwin'] as const) {
          const survey = new PrefixSurvey(platform);
          for (const prefix of prefixes) {
            const alone = resolveLiteralPrefix(prefix, platform);
            assert.deepEqual(survey.resolve(prefix), alone, prefix);
            seen[alone === null ? 'none' : alone.trusted ? 'trusted' : 'untrusted'] += 1;
          }
        }
      },
    ),
    { numRuns: 200 },
  );
  const least = process.geteuid?.() === 0 ? Math.min(seen.none, seen.trusted, seen.untrusted) : seen.none;
  assert.ok(least > 100, JSON.stringify(seen));
});

test('together as well as alone, forty links are followed and one more is not', (t) => {
  const root = tempDirectory(t);
  for (let link = 0; link <= 41; link += 1) symlinkSync(link === 0 ? 'end' : `l${link - 1}`, `${root}/l${link}`);
  const links = resolveLiteralPrefixes([`${root}/l40/x`, `${root}/l41/x`, `${root}/l39/x`, `${root}/l38/x`]);
  assert.deepEqual(
    [...links].map(([prefix, { resolved }]) => [prefix, resolved]),
    [
      [`${root}/l39/x`, `${root}/end/x`],
      [`${root}/l38/x`, `${root}/end/x`],
    ],
  );
});

test('what prefixes share is looked at once, and what none of them passed before is looked at as it is now', (t) => {
  const root = tempDirectory(t);
  plant(root, ['a/', 'l -> a']);
  const survey = new PrefixSurvey();
  assert.equal(survey.resolve(`${root}/l/x`)?.resolved, `${root}/a/x`);
  plant(root, ['a/y -> ../b']);
  assert.equal(survey.resolve(`${root}/l/y`)?.resolved, `${root}/b`, 'what was not passed before is looked at');
  assert.equal(survey.resolve(`${root}/new/x`), null);
  plant(root, ['new -> a']);
  assert.equal(survey.resolve(`${root}/new/y`), null);
  assert.equal(resolveLiteralPrefix(`${root}/new/y`)?.resolved, `${root}/b`);
});
