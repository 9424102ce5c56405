import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasGlob, nameMatcher, readLabelGlob } from '../../../src/policy/resource/label-glob.ts';
import { inputs, trying, withinLimit } from '../../support/inputs.ts';

function matches(label: string, text: string): boolean {
  const glob = readLabelGlob(label);
  return glob.kind === 'glob' ? nameMatcher('', [glob]).test(text) : assert.fail(`${label} is a glob`);
}

function problem(label: string): string {
  const glob = readLabelGlob(label);
  return glob.kind === 'invalid' ? glob.problem : assert.fail(`${label} is a glob`);
}

/** The table of the spec as a recursive matcher; exponential, for short texts only. */
function naive(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  if (glob.startsWith('*')) return naive(glob.slice(1), text) || (text !== '' && naive(glob, text.slice(1)));
  if (text === '') return false;
  if (glob.startsWith('?')) return naive(glob.slice(1), text.slice(1));
  if (!glob.startsWith('[')) return glob[0] === text[0] && naive(glob.slice(1), text.slice(1));
  const end = glob.indexOf(']');
  const negated = glob[1] === '!';
  const members = glob.slice(negated ? 2 : 1, end).matchAll(/([a-z0-9])-([a-z0-9])|(.)/g);
  const listed = Array.from(members).some(([, from, to, one]) => {
    const character = text.charAt(0);
    return one === undefined ? (from ?? '') <= character && character <= (to ?? '') : one === character;
  });
  return listed !== negated && naive(glob.slice(end + 1), text.slice(1));
}

describe('a glob inside a label', () => {
  it('matches stars, question marks and brackets', () => {
    assert.ok(matches('crl*', 'crl') && matches('crl*', 'crl3') && !matches('crl*', 'xcrl'));
    assert.ok(matches('api?', 'api1') && !matches('api?', 'api') && !matches('api?', 'api12'));
    assert.ok(matches('api[12]', 'api2') && !matches('api[12]', 'api3') && !matches('api[12]', 'api'));
    assert.ok(matches('[a-c]', 'b') && !matches('[a-c]', 'd'));
    assert.ok(matches('x[!1]', 'x2') && !matches('x[!1]', 'x1'));
    assert.ok(matches('[-a]', '-') && matches('[a-]', '-') && matches('[!-]', 'a') && !matches('[!-]', '-'));
    assert.ok(matches('API*', 'api1') && matches('[A-C]', 'b'));
  });

  it('never matches across a dot', () => {
    for (const glob of ['a*b', 'a?b', 'a[!x]b', '*b', 'a*', '*x*b']) {
      const reading = readLabelGlob(glob);
      assert.ok(reading.kind === 'glob');
      const matcher = nameMatcher('', [reading, 'com']);
      assert.equal(matcher.test('a/b/com'), false, glob);
      assert.equal(matcher.test('ax/b/com'), false, glob);
    }
  });

  it('reads a lone star as one label, never none', () => {
    assert.ok(matches('*', 'a'));
    assert.ok(!matches('*', ''));
  });

  it('says what is wrong with a bracket or a character', () => {
    assert.match(problem('[ab'), /never closed/);
    assert.match(problem('[]'), /empty/);
    assert.match(problem('[!]'), /empty/);
    assert.match(problem('a]'), /closes no bracket/);
    assert.match(problem('[^a]'), /`!`/);
    assert.match(problem('[a^]'), /not `\^`/);
    assert.match(problem('[a.b]'), /not `\.`/);
    assert.match(problem('[a-c-e]'), /first or last/);
    for (const label of ['[c-a]', '[a-9]', '[0-z]', '[a--]', '[--a]', '[_-a]', '[a-_]', '[9-0]']) {
      assert.match(problem(label), /range|first or last/, label);
    }
    assert.match(problem('é*'), /ASCII/);
    assert.match(problem('\u212a*'), /ASCII/);
    assert.match(problem('a+*'), /ASCII/);
  });

  it('is told from a plain label by its characters', () => {
    for (const label of ['*', 'a?', '[', ']']) assert.ok(hasGlob(label));
    assert.ok(!hasGlob('xn--a_b'));
  });

  it('agrees with a naive matcher', () => {
    const bracket = fc.constantFrom(
      '[ab]',
      '[!a]',
      '[a-c]',
      '[!a-b]',
      '[-]',
      '[!-]',
      '[a-]',
      '[-b]',
      '[_0-9]',
      '[!_a-]',
      '[0]',
      '[--]',
    );
    const element = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('a', 'b', '1', '-', '_') },
      { weight: 3, arbitrary: fc.constant('*') },
      { weight: 1, arbitrary: fc.constant('?') },
      { weight: 2, arbitrary: bracket },
    );
    const glob = fc
      .array(element, { minLength: 1, maxLength: 8 })
      .map((elements) => elements.join('').replace(/\*+/g, '*'));
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c', '1', '-', '_'), { minLength: 1, maxLength: 9 })
      .map((characters) => characters.join(''));
    let matched = 0;
    fc.assert(
      fc.property(glob, text, (pattern, label) => {
        const expected = naive(pattern, label);
        if (expected) matched++;
        assert.equal(matches(pattern, label), expected, `${pattern} on ${label}`);
      }),
      trying(20_000),
    );
    assert.ok(matched > inputs(1_000), `only ${matched} matched`);
  });

  it('takes less than a millisecond for hostile globs on the longest names', () => {
    const long = 'a'.repeat(63);
    const names = [long, `${long}/${long}/${long}/${'a'.repeat(57)}/com`, `${'a/'.repeat(124)}com`];
    const globs = [
      'a*a*a*a*a*a*b',
      `${'*a'.repeat(31)}b`,
      `${'*?'.repeat(31)}b`,
      `${'a*'.repeat(31)}b`,
      '*[ab]*[!c]*?*[a-c]*?*[ab]*?*b',
      `*${'a'.repeat(60)}b`,
    ];
    for (const text of globs) {
      const glob = readLabelGlob(text);
      assert.ok(glob.kind === 'glob');
      for (const labels of [[glob], [glob, 'com'], [glob, glob, glob, 'com']]) {
        const matcher = nameMatcher('**', labels);
        for (const name of names) {
          matcher.test(name);
          const fastest = Math.min(
            ...[1, 2, 3, 4, 5].map(() => {
              const start = performance.now();
              matcher.test(name);
              return performance.now() - start;
            }),
          );
          assert.ok(withinLimit(fastest, 1), `${text} took ${fastest} ms on ${name}`);
        }
      }
    }
  });
});
