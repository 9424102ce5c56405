import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Hits } from '../../../src/policy/index/hits.ts';
import {
  collectComposed,
  collectCoveringComposed,
  collectCoveringExact,
  collectExact,
  collectIntersecting,
  collectIntersectingFolded,
  collectSpelled,
  collectSpelledFolded,
  type PathIndex,
  PathIndexBuilder,
  PathIndexError,
} from '../../../src/policy/index/path-index.ts';
import { type PathPattern, readPathPattern, withHome } from '../../../src/policy/resource/path-pattern.ts';
import { inputs, STRIDE, trying, withinLimit } from '../../support/inputs.ts';

/** The place of a pattern in the list is its target. */
function buildPathIndex(patterns: readonly (PathPattern | undefined)[], forms: { readonly fold: boolean }): PathIndex {
  const builder = new PathIndexBuilder(forms);
  for (const [target, one] of patterns.entries()) if (one !== undefined) builder.add(one, target, 'deny');
  return builder.build();
}

function indexOf(texts: readonly (string | undefined)[], fold = true): PathIndex {
  const patterns = texts.map((text) => {
    const reading = readPathPattern(text ?? '');
    return reading.kind === 'pattern' ? reading.pattern : undefined;
  });
  // as it arrives in another thread
  return structuredClone(buildPathIndex(patterns, { fold }));
}

type Look = typeof collectExact;

const collectDenied: Look = (index, path, hits) => {
  collectExact(index, path, hits);
  collectSpelled(index, path, hits);
};
const collectDeniedFolded: Look = (index, path, hits) => {
  collectExact(index, path, hits);
  collectSpelledFolded(index, path, hits);
};

function collected(look: Look, index: PathIndex, path: string): number[] {
  const hits = new Hits();
  look(index, path, hits);
  const targets = Array.from({ length: hits.count }, (_, place) => hits.at(place));
  return [...new Set(targets)].sort((a, b) => a - b);
}

function found(look: Look, texts: readonly string[], path: string): string[] {
  return collected(look, indexOf(texts), path).map((ordinal) => texts[ordinal] ?? '?');
}

/** Paths 5 as it is written: one pattern, one path, backtracking. */
function naive(pattern: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  const [name, ...names] = path;
  if (first === undefined) return name === undefined;
  if (first === '**') return naive(rest, path) || (name !== undefined && naive(pattern, names));
  return name !== undefined && naiveGlob(first, name) && naive(rest, names);
}

function naiveGlob(glob: string, name: string): boolean {
  if (glob === '') return name === '';
  if (glob.startsWith('*')) return naiveGlob(glob.slice(1), name) || (name !== '' && naiveGlob(glob, name.slice(1)));
  return name.startsWith(glob.charAt(0)) && naiveGlob(glob.slice(1), name.slice(1));
}

const segment = fc.constantFrom('a', 'b', 'ab', '*', '**', 'a*', '*b', 'a*b', 'a**');
const name = fc.constantFrom('a', 'b', 'ab', 'aab', 'z', '.a');
const patternSegments = (maxLength: number): fc.Arbitrary<string[]> => fc.array(segment, { maxLength });
const pathNames = (maxLength: number): fc.Arbitrary<string[]> => fc.array(name, { maxLength });
const written = (segments: readonly string[]): string => `/${segments.join('/')}`;

test('the documented forms match what the documentation says', () => {
  const table: [string, string, boolean][] = [
    ['/data', '/data', true],
    ['/data', '/data/x', false],
    ['/data/*', '/data/x', true],
    ['/data/*', '/data/.x', true],
    ['/data/*', '/data/x/y', false],
    ['/data/*', '/data', false],
    ['/data/**', '/data', true],
    ['/data/**', '/data/x/y', true],
    ['/data/**', '/database', false],
    ['**', '/', true],
    ['/**', '/anything/at/all', true],
    ['/data/**/secret', '/data/secret', true],
    ['/data/**/secret', '/data/a/b/secret', true],
    ['/data/**/secret', '/data/secret/x', false],
    ['/', '/', true],
    ['/', '/x', false],
    ['/*', '/', false],
    ['/srv/[ab]', '/srv/a', false],
    ['/srv/[ab]', '/srv/[ab]', true],
    ['/srv/*', '/srv/a\nb', true],
  ];
  for (const [pattern, path, expected] of table) {
    assert.equal(found(collectExact, [pattern], path).length === 1, expected, `${pattern} ${path}`);
    assert.equal(found(collectDenied, [pattern], path).length === 1, expected, `${pattern} ${path}`);
  }
});

test('an ordinal is the place in the list, and places without a pattern are skipped', () => {
  const index = indexOf([undefined, '/a', undefined, '/a/**', '/b']);
  assert.deepEqual(collected(collectExact, index, '/a'), [1, 3]);
  assert.deepEqual(collected(collectExact, index, '/b'), [4]);
});

test('names of object members are names like others', () => {
  const texts = ['/__proto__/constructor', '/toString/**'];
  assert.deepEqual(found(collectExact, texts, '/__proto__/constructor'), ['/__proto__/constructor']);
  assert.deepEqual(found(collectExact, texts, '/constructor'), []);
  assert.deepEqual(found(collectExact, texts, '/toString/hasOwnProperty'), ['/toString/**']);
});

test('the index matches what each pattern matches by itself', () => {
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(fc.array(patternSegments(5), { maxLength: 6 }), pathNames(6), (patterns, names) => {
      const expected = patterns.flatMap((pattern, ordinal) => (naive(pattern, names) ? [ordinal] : []));
      seen[expected.length > 0 ? 'yes' : 'no'] += 1;
      const index = buildPathIndex(
        patterns.map((pattern) => {
          const reading = readPathPattern(written(pattern));
          return reading.kind === 'pattern' ? reading.pattern : undefined;
        }),
        { fold: true },
      );
      for (const look of [collectExact, collectComposed, collectDenied, collectDeniedFolded]) {
        assert.deepEqual(collected(look, index, written(names)), expected);
      }
    }),
    trying(10_000),
  );
  assert.ok(seen.yes > inputs(1000) && seen.no > inputs(1000), JSON.stringify(seen));
});

/** Every word over names that the patterns know and one that none knows; long enough for what short patterns can tell. */
function words(alphabet: readonly string[], length: number): string[][] {
  const shorter = length === 0 ? [] : words(alphabet, length - 1);
  return [[], ...shorter.flatMap((word) => alphabet.map((letter) => [letter, ...word]))];
}
const BELOW = words(['ab', 'a', 'b', 'z'], 4);

/** Patterns that have a chance to cover something. */
const openSegment = fc.constantFrom('**', '**', '*', '*', 'a', 'a*');

test('a pattern covers a subtree exactly if it matches everything in it', () => {
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(
      fc.oneof(patternSegments(4), fc.array(openSegment, { maxLength: 4 })),
      pathNames(3),
      (pattern, names) => {
        const expected = BELOW.every((word) => naive(pattern, [...names, ...word]));
        seen[expected ? 'yes' : 'no'] += 1;
        for (const look of [collectCoveringExact, collectCoveringComposed]) {
          assert.equal(found(look, [written(pattern)], written(names)).length === 1, expected);
        }
      },
    ),
    trying(10_000),
  );
  assert.ok(seen.yes > inputs(500) && seen.no > inputs(500), JSON.stringify(seen));
});

test('a pattern meets a subtree exactly if it matches something in it', () => {
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(patternSegments(4), pathNames(3), (pattern, names) => {
      const expected = BELOW.some((word) => naive(pattern, [...names, ...word]));
      seen[expected ? 'yes' : 'no'] += 1;
      assert.equal(found(collectIntersecting, [written(pattern)], written(names)).length === 1, expected);
    }),
    trying(10_000),
  );
  assert.ok(seen.yes > inputs(500) && seen.no > inputs(500), JSON.stringify(seen));
});

test('covering is about the language of a pattern, not about how it is written', () => {
  assert.deepEqual(found(collectCoveringExact, ['/data/**', '/data/**/*', '/data/*/**', '/data/**/**'], '/data'), [
    '/data/**',
    '/data/**/**',
  ]);
  const below = ['/data/**', '/data/**/*', '/data/*/**', '/*/**/*', '/**/*/*'];
  assert.deepEqual(found(collectCoveringExact, below, '/data/x'), below);
  assert.deepEqual(
    found(collectCoveringExact, ['/data/x', '/data/*', '/data/**/a*', '/data/x/*', '/data/**/x'], '/data/x'),
    [],
  );
});

test('a deny meets a subtree also where it lies far below, and a sibling never does', () => {
  const texts = ['/home/a/.ssh/**', '/home/*/.ssh', '/**/*.pem', '/home/ab', '/home'];
  assert.deepEqual(found(collectIntersecting, texts, '/'), texts);
  assert.deepEqual(found(collectIntersecting, texts, '/home'), texts);
  assert.deepEqual(found(collectIntersecting, texts, '/home/a'), texts.slice(0, 3));
  assert.deepEqual(found(collectIntersecting, texts, '/home/a/.ssh/id'), ['/home/a/.ssh/**', '/**/*.pem']);
  assert.deepEqual(found(collectIntersecting, texts, '/srv'), ['/**/*.pem']);
});

const NFC = 'caf\u00e9';
const NFD = 'cafe\u0301';

test('an allow on linux knows exact bytes only', () => {
  const texts = [`/srv/${NFC}/**`, `/srv/${NFD}/**`];
  assert.deepEqual(found(collectExact, texts, `/srv/${NFC}/x`), [texts[0]]);
  assert.deepEqual(found(collectExact, texts, `/srv/${NFD}/x`), [texts[1]]);
  assert.deepEqual(found(collectCoveringExact, texts, `/srv/${NFD}/x`), [texts[1]]);
});

test('an allow on macos compares both in nfc, and never without case', () => {
  const texts = [`/srv/${NFC}/**`, `/srv/${NFD}/**`];
  for (const spelled of [NFC, NFD]) {
    assert.deepEqual(found(collectComposed, texts, `/srv/${spelled}/x`), texts);
    assert.deepEqual(found(collectCoveringComposed, texts, `/srv/${spelled}/x`), texts);
  }
  assert.deepEqual(found(collectComposed, texts, `/SRV/${NFC}/x`), []);
});

test('a deny is tested in nfc and in nfd, pattern and path alike', () => {
  const texts = [`/srv/${NFC}/**`, `/srv/${NFD}/**`, `/srv/*\u0301`, '/srv/*\u00e9'];
  for (const spelled of [NFC, NFD]) {
    assert.deepEqual(found(collectDenied, texts, `/srv/${spelled}/x`), texts.slice(0, 2));
    assert.deepEqual(found(collectDenied, texts, `/srv/${spelled}`), texts);
    assert.deepEqual(found(collectIntersecting, texts, `/srv/${spelled}`), texts);
  }
  // a kelvin sign is a K in both forms, so an ASCII path can meet a pattern that is not
  assert.deepEqual(found(collectDenied, ['/srv/\u212a'], '/srv/K'), ['/srv/\u212a']);
  assert.deepEqual(found(collectDenied, ['/srv/K'], '/srv/\u212a'), ['/srv/K']);
  assert.deepEqual(found(collectExact, ['/srv/\u212a'], '/srv/K'), []);
});

test('a deny that is tested without case is still tested in every other form', () => {
  // what stands behind a star need not compose with what it stands for
  for (const look of [collectDenied, collectDeniedFolded, collectIntersecting, collectIntersectingFolded]) {
    assert.deepEqual(found(look, ['/srv/*\u0301'], '/srv/\u00e9'), ['/srv/*\u0301']);
    assert.deepEqual(found(look, ['/srv/*\u00e9/x*'], `/srv/${NFD}/xy`), ['/srv/*\u00e9/x*']);
    assert.deepEqual(found(look, ['/srv/*\u00e9*z'], `/srv/${NFD}z`), ['/srv/*\u00e9*z']);
    // one part of a pattern in each form: it matches neither spelling of the path as it stands
    assert.deepEqual(found(look, ['/srv/\u00e9*e\u0301'], '/srv/\u00e9x\u00e9'), ['/srv/\u00e9*e\u0301']);
    assert.deepEqual(found(look, ['/srv/\u00e9/*e\u0301'], '/srv/e\u0301/xe\u0301'), ['/srv/\u00e9/*e\u0301']);
  }
  assert.deepEqual(found(collectDeniedFolded, ['/srv/a'], '/srv/a\u03c2'), [], 'a final sigma is a sigma, not nothing');
});

test('a name is not another one with the same hash', () => {
  assert.deepEqual(found(collectExact, ['/nlzy7', '/nlzy7/**', '/**/nlzy7'], '/npa6e'), []);
  assert.deepEqual(found(collectExact, ['/nlzy7', '/npa6e'], '/npa6e'), ['/npa6e']);
  // nor where its characters are no bytes
  assert.deepEqual(found(collectExact, ['/\u00e9lzy7', '/\u00e9lzy7/**'], '/\u00e9pa6e'), []);
  assert.deepEqual(found(collectExact, ['/\u00e9lzy7', '/\u00e9pa6e'], '/\u00e9pa6e'), ['/\u00e9pa6e']);
});

test('a path with more names than a path can have is not looked up to its end', () => {
  const hits = new Hits();
  collectExact(indexOf(['/**']), `/${'a/'.repeat(2_047)}a`, hits);
  assert.deepEqual([hits.count, hits.exhausted], [1, false]);
  hits.clear();
  collectExact(indexOf(['/**']), `/${'a/'.repeat(2_048)}a`, hits);
  assert.ok(hits.exhausted);
});

test('a deny is tested without case only where the disk compares so', () => {
  const texts = ['/mnt/Secret/**', '/mnt/stra\u00dfe', `/mnt/${NFC.toUpperCase()}*`, '/mnt/\u03c3\u03c2'];
  for (const path of ['/mnt/SECRET/x', '/MNT/secret']) {
    assert.deepEqual(found(collectDenied, texts, path), []);
    assert.deepEqual(found(collectDeniedFolded, texts, path), ['/mnt/Secret/**']);
  }
  assert.deepEqual(found(collectDeniedFolded, texts, '/mnt/STRASSE'), ['/mnt/stra\u00dfe']);
  assert.deepEqual(found(collectDeniedFolded, texts, `/mnt/${NFD}x`), [texts[2]]);
  assert.deepEqual(found(collectDeniedFolded, texts, '/mnt/\u03a3\u03a3'), ['/mnt/\u03c3\u03c2']);
  assert.deepEqual(found(collectIntersectingFolded, texts, '/MNT/secret'), [texts[0]]);
});

test('folding brings every character together with both of its cases', () => {
  for (let code = 0x21; code < 0x1_0000; code += STRIDE) {
    const char = String.fromCodePoint(code);
    if (!char.isWellFormed() || char === '/' || char === '*' || char === '.') continue;
    if (char.toLowerCase() === char && char.toUpperCase() === char) continue;
    const index = indexOf([`/x${char}y`]);
    for (const other of [char, char.toLowerCase(), char.toUpperCase()]) {
      assert.deepEqual(collected(collectDeniedFolded, index, `/X${other}Y`), [0], code.toString(16));
    }
  }
});

const spellings = fc.constantFrom(
  NFC,
  NFD,
  'CAFE\u0301',
  'K',
  '\u212a',
  'k',
  'e\u0301',
  '\u00e9',
  '\u1e9b\u0323',
  'q\u0307\u0323',
  '\uac00',
  '\u1100\u1161',
);
const spelledSegment = fc.oneof(
  spellings,
  fc.constantFrom('*', '**', 'ca*', '*\u0301', '*\u00e9', 'caf\u00e9*', '\u1100*'),
);

const respelling = fc.constantFrom(
  (text: string) => text,
  (text: string) => text.normalize('NFC'),
  (text: string) => text.normalize('NFD'),
  (text: string) => text.toUpperCase(),
  (text: string) => `x${text}`,
);

test('a deny in any form is found as by comparing in each form by itself', () => {
  const seen = { exact: 0, other: 0, none: 0 };
  const identity = (text: string): string => text;
  const nfc = (text: string): string => text.normalize('NFC');
  const nfd = (text: string): string => text.normalize('NFD');
  const fold = (text: string): string => nfc(nfc(text).toLowerCase().toUpperCase().toLowerCase());
  const step = fc.tuple(spelledSegment, spellings, respelling);
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 3 }), fc.boolean(), (steps, folds) => {
      const pattern = steps.map(([segment]) => segment);
      const names = steps.map(([segment, other, respell]) => respell(segment.includes('*') ? other : segment));
      const matchesIn = (form: (text: string) => string): boolean => naive(pattern.map(form), names.map(form));
      const expected = [identity, nfc, nfd, ...(folds ? [fold] : [])].some(matchesIn);
      seen[!expected ? 'none' : matchesIn(identity) ? 'exact' : 'other'] += 1;
      const look = folds ? collectDeniedFolded : collectDenied;
      assert.equal(found(look, [written(pattern)], written(names)).length === 1, expected);
      assert.equal(found(collectComposed, [written(pattern)], written(names)).length === 1, matchesIn(nfc));
    }),
    trying(10_000),
  );
  assert.ok(Math.min(seen.exact, seen.other, seen.none) > inputs(500), JSON.stringify(seen));
});

test('asking without case of an index that was built with it is an error, not a pass', () => {
  const index = indexOf(['/a'], false);
  assert.throws(() => collected(collectDeniedFolded, index, '/a'), {
    code: 'not_folded',
    message: 'the index was built without folded case',
  });
});

test('a pattern that still starts at some home is refused; one at a home that is nowhere matches nothing', () => {
  const reading = readPathPattern('~/**');
  assert.ok(reading.kind === 'pattern');
  assert.throws(
    () => buildPathIndex([reading.pattern], { fold: false }),
    (error) =>
      error instanceof PathIndexError &&
      error.code === 'home_not_expanded' &&
      error.message === 'pattern 0 still starts with `~`: expand it',
  );
  const nowhere = buildPathIndex([withHome(reading.pattern, 'relative')], { fold: false });
  for (const path of ['/', '/relative', '/relative/x']) assert.deepEqual(collected(collectDenied, nowhere, path), []);
});

test('hostile patterns and paths are matched in time', () => {
  const texts = [
    `/w/${'*a'.repeat(30)}`,
    `/${'**/a/'.repeat(120)}b`,
    `/${'**/*a/'.repeat(120)}b`,
    `/**/${'*a/'.repeat(250)}b`,
    `/**/${'a/*a*/'.repeat(120)}b`,
    `/${'*/'.repeat(250)}b`,
    `/**/${'*a'.repeat(1000)}b`,
  ];
  const index = indexOf(texts);
  const deep = `/${'a/'.repeat(2000)}a`;
  const started = performance.now();
  for (const look of [collectExact, collectDenied, collectDeniedFolded, collectCoveringExact, collectIntersecting]) {
    collected(look, index, deep);
    collected(look, index, `/w/${'a'.repeat(4000)}`);
  }
  assert.ok(withinLimit(performance.now() - started, 3000), `${performance.now() - started} ms`);
  assert.deepEqual(collected(collectExact, index, `/w/${'a'.repeat(60)}`), [0]);
});

test('ten thousand rules with `**` or `*` in front cost a long path next to nothing', () => {
  const texts = Array.from({ length: inputs(10_000) }, (_, index) =>
    index % 2 === 0 ? `/**/x${index}` : `/a/*/q${index}`,
  );
  const index = buildPathIndex(
    texts.map((text) => {
      const reading = readPathPattern(text);
      assert.ok(reading.kind === 'pattern');
      return reading.pattern;
    }),
    { fold: false },
  );
  const long = `/${'a/'.repeat(2_000)}x42`;
  const before = process.cpuUsage();
  const matching = collected(collectExact, index, long);
  const meeting = collected(collectIntersecting, index, `/${'b/'.repeat(2_000)}c`);
  const { user } = process.cpuUsage(before);
  assert.deepEqual(matching, [42]);
  assert.equal(meeting.length, Math.ceil(texts.length / 2), 'every `**` can still lead there; no `/a/*/…` can');
  assert.ok(withinLimit(user, 500_000), `${user / 1000} ms`);
});

test('a look that takes too many steps is given up, and says so', () => {
  const texts = Array.from({ length: 200 }, (_, index) => `/**/${`*a${index}*/`.repeat(250)}b`);
  const hits = new Hits();
  const index = indexOf(texts, false);
  const before = process.cpuUsage();
  collectExact(index, `/${'aa1a2a3a/'.repeat(450)}b`, hits);
  const { user } = process.cpuUsage(before);
  assert.ok(hits.exhausted);
  assert.ok(withinLimit(user, 150_000), `${user / 1000} ms`);
  hits.clear();
  collectExact(index, '/a/b', hits);
  assert.ok(!hits.exhausted, 'the next one has its own steps');
});
