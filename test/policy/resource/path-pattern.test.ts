import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isNarrowPath } from '../../../src/policy/resource/narrow-path.ts';
import {
  literalPrefix,
  type PathPattern,
  type PathPatternReading,
  pathPatternText,
  readPathPattern,
  withCommonHomes,
  withHome,
  withPrefix,
} from '../../../src/policy/resource/path-pattern.ts';
import { inputs, trying } from '../../support/inputs.ts';

function pattern(text: string): PathPattern {
  const reading = readPathPattern(text);
  assert.ok(reading.kind === 'pattern', `${text}: ${JSON.stringify(reading)}`);
  return reading.pattern;
}

function messageOf(reading: PathPatternReading, kind: PathPatternReading['kind']): string {
  assert.equal(reading.kind, kind, JSON.stringify(reading));
  assert.ok(reading.kind !== 'pattern');
  assert.ok(!reading.message.includes('\n'));
  return reading.message;
}

/** The written form after reading: how each segment was understood shows in the round trip and in the kinds. */
function kinds(text: string): string {
  return pattern(text)
    .segments.map((segment) => segment.kind)
    .join(' ');
}

test('a star within a segment is a glob, ** as a whole segment goes deep, all else is literal', () => {
  assert.equal(kinds('/data/*/a*b/**/x'), 'literal glob glob deep literal');
  assert.equal(kinds('/[a]/{b,c}/!d/e?/@(f)/+g/\\h/i:j/k\\l'), Array(9).fill('literal').join(' '));
  assert.equal(kinds('/'), '');
  assert.equal(kinds('/a b/ c/\t'), 'literal literal literal');
});

test('** alone is every path', () => {
  assert.deepEqual(pattern('**'), pattern('/**'));
});

test('** inside a segment is *, which is said', () => {
  const reading = readPathPattern('/a**b/***/x**');
  assert.ok(reading.kind === 'pattern');
  assert.equal(pathPatternText(reading.pattern), '/a*b/*/x*');
  assert.equal(reading.warnings.length, 3);
  assert.match(reading.warnings[0] ?? '', /write `a\*b`/);
  const plain = readPathPattern('/a*b/**');
  assert.ok(plain.kind === 'pattern' && plain.warnings.length === 0);
});

test('// is collapsed and a trailing / dropped', () => {
  assert.deepEqual(pattern('//data///x/'), pattern('/data/x'));
  assert.deepEqual(pattern('/data/**/'), pattern('/data/**'));
  assert.deepEqual(pattern('~//x/'), pattern('~/x'));
  assert.deepEqual(pattern('~/'), pattern('~'));
});

test('a . or .. segment cannot be parsed, a name that only holds dots besides can', () => {
  for (const text of ['/.', '/..', '/a/../b', '/a/./b', '/a/..', '~/..', '~/../x', '/**/..']) {
    assert.match(messageOf(readPathPattern(text), 'invalid'), /segment: write the path it leads to/);
  }
  assert.equal(kinds('/.../.a/..b'), 'literal literal literal');
});

test('what is no path at all says what to write', () => {
  for (const value of [undefined, null, 5, {}, ['/a']]) {
    assert.match(messageOf(readPathPattern(value), 'invalid'), /must be a string/);
  }
  assert.match(messageOf(readPathPattern(''), 'invalid'), /must not be empty/);
  assert.match(messageOf(readPathPattern('/a\0b'), 'invalid'), /contains NUL/);
  assert.match(messageOf(readPathPattern('/a\ud800'), 'invalid'), /surrogate/);
  assert.match(messageOf(readPathPattern(`/${'a'.repeat(4096)}`), 'invalid'), /longer than 4096 bytes/);
  assert.equal(readPathPattern(`/${'a'.repeat(4095)}`).kind, 'pattern');
});

test('a pattern may have 256 segments from its first glob on, and any number before', () => {
  assert.equal(readPathPattern(`/${'a/'.repeat(1500)}**${'/*a'.repeat(255)}`).kind, 'pattern');
  assert.match(messageOf(readPathPattern(`/a/**${'/x'.repeat(256)}`), 'invalid'), /more than 256 segments/);
  assert.equal(readPathPattern(`/${'a/'.repeat(2000)}`).kind, 'pattern');
});

test('a relative path says which absolute one to write', () => {
  const cases: [string, RegExp][] = [
    ['data/x', /`\/data\/x` or `~\/data\/x`/],
    ['./data', /`\/data` or `~\/data`/],
    ['../../data', /`\/data` or/],
    ['**/x', /write `\/\*\*\/x`$/],
    ['*', /write `\/\*\*\/\*`$/],
    ['*.txt', /write `\/\*\*\/\*\.txt`$/],
    ['!/srv', /write a deny rule/],
    ['file:///srv', /is a url/],
    [' /srv', /is relative/],
    ['.', /is relative/],
    ['\\srv', /is relative/],
  ];
  for (const [text, message] of cases) assert.match(messageOf(readPathPattern(text), 'invalid'), message, text);
});

test('the paths of windows are foreign: valid, and inert here', () => {
  for (const text of [
    'C:\\data\\**',
    'c:/data',
    '*:\\data\\**',
    'D:',
    '\\\\wsl.localhost\\Ubuntu\\x',
    '\\\\srv\\share',
    '~\\x',
  ]) {
    assert.match(messageOf(readPathPattern(text), 'foreign'), /windows path/, text);
  }
});

test('backslashes and colons in a path of ours are literal', () => {
  for (const text of ['/C:\\data', '/c:/data', '/a\\b', '/\\\\wsl', '~/C:\\x', '/*:\\x']) {
    assert.equal(pathPatternText(pattern(text)), text);
  }
});

test('~ starts at a home only at the start and alone in its segment', () => {
  assert.ok(pattern('~').home && pattern('~/x/**').home);
  assert.ok(!pattern('/~').home && !pattern('/a/~/b').home && !pattern('/~x').home);
  assert.equal(pathPatternText(pattern('~')), '~');
  assert.equal(pathPatternText(pattern('~/x/**')), '~/x/**');
});

test('another home is never expanded, but a deny of it still binds', () => {
  for (const text of ['~other', '~root/.ssh/**', '~*', '~**/x', '~+']) {
    const reading = readPathPattern(text);
    assert.match(messageOf(reading, 'variable'), /is not expanded: write that home/);
    assert.ok(reading.kind === 'variable' && reading.countsAs !== null);
  }
});

test('$HOME at the start counts as ~ for a deny, and the message says so', () => {
  for (const text of ['$HOME', '$HOME/.ssh/**', '${HOME}', '${HOME}/.ssh/**']) {
    const reading = readPathPattern(text);
    assert.match(messageOf(reading, 'variable'), /write `~(?:\/\.ssh\/\*\*)?`/);
    assert.ok(reading.kind === 'variable' && reading.countsAs !== null, text);
  }
});

test('any other variable, anywhere, counts as nothing', () => {
  for (const text of [
    '$HOMEDIR/x',
    '$HOME.ssh',
    '${HOME}x',
    '${HOME',
    '$HOME/$USER',
    '/home/$USER/x',
    '/home/${USER}',
    '/a${',
    '%HOME%/**',
    '/a/%TEMP%',
    '%USERPROFILE%\\**',
    'C:\\Users\\%USERNAME%\\x',
    '%ProgramFiles(x86)%\\x',
    '~/$X',
    '$_',
  ]) {
    const reading = readPathPattern(text);
    messageOf(reading, 'variable');
    assert.ok(reading.kind === 'variable' && reading.countsAs === null, text);
  }
});

test('a dollar or percent sign without a name is literal', () => {
  for (const text of ['/w/$', '/w/$$$', '/w/$1', '/w/100%', '/w/%', '/w/%%', '/w/a%20b%', '/w/$(x)', '/w/a$']) {
    assert.equal(pathPatternText(pattern(text)), text);
  }
});

test('a home is inserted as literal segments, whatever it holds', () => {
  const below = withHome(pattern('~/x*/**'), '/home//a*b/');
  assert.deepEqual(below.segments.slice(0, 2), [
    { kind: 'literal', text: 'home' },
    { kind: 'literal', text: 'a*b' },
  ]);
  assert.ok(!below.home);
  assert.equal(pathPatternText(withHome(pattern('~'), '/home/a')), '/home/a');
  assert.deepEqual(withHome(pattern('/x'), '/home/a'), pattern('/x'));
  assert.equal(pathPatternText(withHome(pattern('~/x'), '/home/a/../b')), '/home/b/x');
});

test('a home that is no absolute path is nowhere', () => {
  for (const home of ['', 'home/a', '/home/\0']) {
    const nowhere = withHome(pattern('~/**'), home);
    assert.deepEqual(nowhere.segments[0], { kind: 'literal', text: '' });
    assert.equal(literalPrefix(nowhere), null);
  }
});

test('where no home is known, the usual places stand for it', () => {
  assert.deepEqual(withCommonHomes(pattern('~/.ssh/**')).map(pathPatternText), [
    '/root/.ssh/**',
    '/home/*/.ssh/**',
    '/Users/*/.ssh/**',
  ]);
  assert.deepEqual(
    withCommonHomes(pattern('~')).map((common) => common.segments.map((segment) => segment.kind)),
    [['literal'], ['literal', 'glob'], ['literal', 'glob']],
  );
  assert.deepEqual(withCommonHomes(pattern('/x')), [pattern('/x')]);
});

test('the literal prefix ends before the first glob', () => {
  assert.equal(literalPrefix(pattern('/data/x')), '/data/x');
  assert.equal(literalPrefix(pattern('/data/**')), '/data');
  assert.equal(literalPrefix(pattern('/data/x*/y')), '/data');
  assert.equal(literalPrefix(pattern('/**')), null);
  assert.equal(literalPrefix(pattern('/')), null);
  assert.equal(literalPrefix(pattern('~/x')), null);
  assert.equal(literalPrefix(withHome(pattern('~/x/*'), '/home/a')), '/home/a/x');
});

test('a prefix is exchanged for where it leads, at a boundary of names only', () => {
  const exchanged = (text: string, from: string, to: string): string =>
    pathPatternText(withPrefix(pattern(text), from, to));
  assert.equal(exchanged('/data/x/**', '/data/x', '/mnt/d'), '/mnt/d/**');
  assert.equal(exchanged('/data/x/*', '/data', '/srv/data'), '/srv/data/x/*');
  assert.equal(exchanged('/data', '/data', '/'), '/');
  assert.equal(exchanged('/database/**', '/data', '/x'), '/database/**');
  assert.equal(exchanged('/**', '/data', '/x'), '/**');
  assert.equal(exchanged('/data*/x', '/data', '/x'), '/data*/x');
});

test('narrow is a path without glob, two literal segments, or a first one that is not of the system', () => {
  for (const text of [
    '/',
    '/etc',
    '~',
    '~/x',
    '/home/a/**',
    '~/code/**',
    '/data/**',
    '/code/*',
    '/code*x/y',
    '/etc/ssl/*',
    '/Etcetera/**',
  ]) {
    const expected = text !== '/code*x/y';
    assert.equal(isNarrowPath(pattern(text)), expected, text);
  }
  for (const text of [
    '**',
    '/**',
    '/*',
    '/*/a/b',
    '/**/a',
    '~/**',
    '~/*/x',
    '~/*',
    '/lib64/**',
    '/lib/*',
    '/Library/**',
  ]) {
    assert.ok(!isNarrowPath(pattern(text)), text);
  }
  for (const root of 'bin boot dev etc home media mnt opt private proc root run sbin srv sys usr var Applications System Users Volumes USERS'.split(
    ' ',
  )) {
    assert.ok(!isNarrowPath(pattern(`/${root}/**`)), root);
    assert.ok(isNarrowPath(pattern(`/${root}/x/**`)), root);
  }
});

/** The library's own takes longer to set up than thousands of texts take. */
const anyCharacter = fc.nat({ max: 0x10_ffff }).map((code) => String.fromCodePoint(code));

test('reading is total, and what it reads it can write and read again', () => {
  const text = fc.oneof(
    fc.string({ unit: anyCharacter }),
    fc.string({
      unit: fc.constantFrom('/', '*', '~', '.', '$', '%', '{', 'C', ':', '\\', 'a', '\0', '\n', 'é'),
      maxLength: 12,
    }),
  );
  const seen = new Set<string>();
  fc.assert(
    fc.property(text, (raw) => {
      const reading = readPathPattern(raw);
      seen.add(reading.kind);
      if (reading.kind === 'pattern') assert.deepEqual(pattern(pathPatternText(reading.pattern)), reading.pattern);
      else assert.ok(reading.message.length > 0 && reading.message.length < 600 && !/[\n\0]/.test(reading.message));
    }),
    trying(10_000),
  );
  assert.equal(seen.size, 4);
});

/** Paths 5 and 6 by one look each: what an absolute path of visible ASCII is, and its segments. */
function byLooks(text: string): string {
  if (/\$[A-Za-z_]|\$\{|%[A-Za-z_][A-Za-z0-9_()]*%/.test(text)) return 'variable';
  const names = text.split('/').filter((name) => name !== '');
  if (names.some((name) => name === '.' || name === '..')) return 'invalid';
  return `pattern /${names.map((name) => (name === '**' ? name : name.replace(/\*+/g, '*'))).join('/')}`;
}

test('an absolute path of ordinary characters is read as any other', () => {
  const visible = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...visible) },
    {
      weight: 3,
      arbitrary: fc.constantFrom('/', '//', '/./', '/../', '*', '**', '/**', '..', '$HOME', '${', '%A%', 'C:/'),
    },
  );
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = `/${pieces.join('')}`;
      const reading = readPathPattern(text);
      const found = reading.kind === 'pattern' ? `pattern ${pathPatternText(reading.pattern)}` : reading.kind;
      assert.equal(found, byLooks(text), text);
      seen.set(reading.kind, (seen.get(reading.kind) ?? 0) + 1);
    }),
    trying(10_000),
  );
  for (const kind of ['pattern', 'variable', 'invalid']) assert.ok((seen.get(kind) ?? 0) > inputs(500), kind);
});

test('a pattern has so many segments from its first glob on, wherever that is', () => {
  for (const lead of ['/**/', '/*/', '/a/*/', '/a*/']) {
    assert.equal(readPathPattern(`${lead}${'a/'.repeat(254)}*`).kind, 'pattern', lead);
    assert.equal(readPathPattern(`${lead}${'a/'.repeat(255)}*`).kind, 'invalid', lead);
    assert.equal(readPathPattern(`${lead}${'a/'.repeat(300)}*`).kind, 'invalid', lead);
  }
  assert.equal(readPathPattern(`/${'a/'.repeat(300)}*`).kind, 'pattern', 'names before it are free');
});

test('the path to write is the one that was meant', () => {
  const message = (text: string): string => {
    const reading = readPathPattern(text);
    return reading.kind === 'pattern' ? '' : reading.message;
  };
  assert.equal(
    message('.//../x/./y'),
    '`.//../x/./y` is relative: write an absolute path such as `/x/./y` or `~/x/./y`',
  );
  assert.equal(
    message('$TMP/x'),
    'variables mean nothing in `$TMP/x`: write the path itself, or `~/…` for one below the home',
  );
  assert.equal(message('$HOME/x'), 'variables mean nothing in `$HOME/x`: write `~/x`');
});
