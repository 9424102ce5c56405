import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseStrictJson, parseStrictJsonText } from '../../src/schema/strict-json.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string) => parseStrictJson(encode(text));

function messageOf(text: string): string {
  const reading = read(text);
  assert.ok(reading.kind === 'error', `${text} was read`);
  return reading.message;
}

describe('strict JSON', () => {
  test('reads what JSON.parse reads', () => {
    for (const text of ['{}', '[]', ' {"a":[1,2,{"b":null}]}\n', '"x:y"', '3', 'true', '{"a":{"a":{"a":1}}}']) {
      assert.deepEqual(read(text), { kind: 'value', value: JSON.parse(text) as unknown });
    }
  });

  test('refuses a repeated key at any depth, naming it', () => {
    assert.equal(messageOf('{"a":1,"a":1}'), 'the key `a` is repeated');
    assert.equal(messageOf('[{"x":{"b":1,"c":2,"b":3}}]'), 'the key `b` is repeated');
    assert.equal(messageOf('{"a":{"b":1,"c":":"},"a":{}}'), 'the key `a` is repeated');
    assert.equal(messageOf('{"":1,"":2}'), 'the key `` is repeated');
  });

  test('refuses a key repeated in another spelling', () => {
    assert.equal(messageOf('{"a":1,"\\u0061":2}'), 'the key `a` is repeated');
    assert.equal(messageOf('{"\\/":1,"/":2}'), 'the key `/` is repeated');
  });

  test('is not fooled by colons inside strings', () => {
    const texts = [
      '{"a":":","b":"::","c:d":":"}',
      '{"a":"\\u003a"}',
      '{"\\"a\\":":1,"a":2}',
      '[":",{"k":":"}]',
      '{"a":"\\\\","b":"\\\\\\""}',
    ];
    for (const text of texts) assert.deepEqual(read(text), { kind: 'value', value: JSON.parse(text) as unknown });
    assert.match(messageOf('{"a":"x:y","b":1,"a":"::"}'), /repeated/u);
    assert.match(messageOf('{"a":"::","a":""}'), /repeated/u);
  });

  test('refuses invalid UTF-8, a byte order mark and unpaired surrogates', () => {
    assert.equal(parseStrictJson(Uint8Array.of(0x22, 0xc3, 0x28, 0x22)).kind, 'error');
    assert.equal(parseStrictJson(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)).kind, 'error');
    assert.equal(parseStrictJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d)).kind, 'error');
    for (const text of ['"\\ud800"', '"\\udc00\\ud800"', '{"\\ud83d":1}', '["a\\ud83dz"]']) {
      assert.equal(messageOf(text), 'the text holds an unpaired surrogate');
    }
    assert.deepEqual(read('"\\ud83d\\ude00"'), { kind: 'value', value: '😀' });
    assert.equal(parseStrictJsonText('"\ud800"').kind, 'error');
    assert.deepEqual(parseStrictJsonText('"\ud83d\ude00"'), { kind: 'value', value: '😀' });
  });

  test('takes sixteen levels and no more, with and without escapes', () => {
    const nested = (levels: number, core: string): string => '['.repeat(levels) + core + ']'.repeat(levels);
    for (const core of ['1', '"\\n"']) {
      assert.equal(read(nested(16, core)).kind, 'value');
      assert.equal(messageOf(nested(17, core)), 'the JSON is nested deeper than 16');
    }
    assert.equal(messageOf(`${'{"a":'.repeat(17)}1${'}'.repeat(17)}`), 'the JSON is nested deeper than 16');
    assert.equal(parseStrictJsonText('[[1]]', { maxDepth: 1 }).kind, 'error');
  });

  test('refuses empty text, trailing text and grammar that JSON has not', () => {
    for (const text of ['', '  ', '{} {}', '{}x', "{'a':1}", '{a:1}', '[1,]', '01', '+1', 'NaN', '"\t"', '{"a":1}\0']) {
      assert.equal(read(text).kind, 'error', text);
    }
  });

  test('puts neither line breaks nor the text into its messages', () => {
    assert.equal(messageOf('{"secret":\n oops}'), 'the text is not valid JSON');
    assert.match(messageOf('{"a\\nb":1,"a\\nb":2}'), /^the key `a\\u\{a\}b` is repeated$/u);
  });

  test('keeps a `__proto__` key as an own key and pollutes nothing', () => {
    const reading = read('{"__proto__":{"decision":"allow"},"constructor":{"prototype":{"x":1}}}');
    assert.ok(reading.kind === 'value');
    const value = reading.value as object;
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
    assert.equal(Reflect.getPrototypeOf(value), Object.prototype);
    assert.equal(Reflect.get({}, 'decision'), undefined);
    assert.match(messageOf('{"__proto__":1,"__proto__":2}'), /repeated/u);
  });

  test('stays linear on a megabyte of hostile text', () => {
    const texts = [
      '['.repeat(500_000) + ']'.repeat(500_000),
      `[${'{"a":"\\u0061"},'.repeat(60_000)}0]`,
      `{${Array.from({ length: 90_000 }, (_, n) => `"k${n}":1`).join(',')},"\\n":1}`,
      `"${'\\\\'.repeat(500_000)}"`,
      `["${':'.repeat(1_000_000)}"]`,
    ];
    for (const text of texts) {
      const before = performance.now();
      read(text);
      assert.ok(performance.now() - before < 1_500, text.slice(0, 20));
    }
  });
});

/** JSON text with its keys as written, duplicates included, and in random spellings. */
type Node =
  | string
  | number
  | boolean
  | null
  | readonly Node[]
  | { readonly members: readonly (readonly [string, Node])[] };

function spell(text: string, escape: boolean): string {
  if (!escape) return JSON.stringify(text);
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16).padStart(4, '0'));
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
}

function write(node: Node, escape: boolean): string {
  if (typeof node === 'string') return spell(node, escape);
  if (node === null || typeof node !== 'object') return JSON.stringify(node);
  if (!('members' in node)) return `[${node.map((item) => write(item, escape)).join(' , ')}]`;
  return `{${node.members.map(([key, value], at) => `${spell(key, escape && at % 2 === 0)} :${write(value, escape)}`).join(',')}}`;
}

function faulty(node: Node, depth: number): boolean {
  if (typeof node === 'string') return !node.isWellFormed();
  if (node === null || typeof node !== 'object') return false;
  if (depth === 16) return true;
  if (!('members' in node)) return node.some((item) => faulty(item, depth + 1));
  const keys = node.members.map(([key]) => key);
  if (new Set(keys).size < keys.length || keys.some((key) => !key.isWellFormed())) return true;
  return node.members.some(([, value]) => faulty(value, depth + 1));
}

const text = fc.oneof(
  fc.constantFrom('a', 'b', ':', '__proto__', '"', '\\', '{"a":', '\ud83d'),
  fc.string({ maxLength: 4 }),
);
const { node: anyNode } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.record({ members: fc.array(fc.tuple(text, tie('node')), { maxLength: 4 }) }),
  ),
}));

describe('strict JSON, any text', () => {
  test("accepts exactly the texts without a repeated key or a lone surrogate, with JSON.parse's value", () => {
    let refused = 0;
    let accepted = 0;
    fc.assert(
      fc.property(anyNode, fc.boolean(), (node, escape) => {
        const written = write(node, escape);
        const reading = parseStrictJson(encode(written));
        const expected = faulty(node, 0);
        if (expected) refused += 1;
        else accepted += 1;
        if (expected) assert.equal(reading.kind, 'error', written);
        else assert.deepEqual(reading, { kind: 'value', value: JSON.parse(written) as unknown });
      }),
      { numRuns: 10_000 },
    );
    assert.ok(refused > 500 && accepted > 2_000, `the generator is lopsided: ${refused} refused, ${accepted} accepted`);
  });

  test('never throws, and never accepts what JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 30 }), (bytes, string) => {
        parseStrictJson(bytes);
        const reading = parseStrictJsonText(string);
        if (reading.kind === 'value') assert.deepEqual(reading.value, JSON.parse(string));
      }),
      { numRuns: 5_000 },
    );
  });
});
