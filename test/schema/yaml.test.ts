import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatYaml, readYaml } from '../../src/schema/yaml.ts';

const messageFor = (text: string): string => {
  const reading = readYaml(text);
  return reading.kind === 'invalid' ? reading.message : `read as ${JSON.stringify(reading.value)}`;
};

test('plain YAML and JSON are read to the same value', () => {
  assert.deepEqual(readYaml('a: 1\nb: [x, "y"]\n'), { kind: 'value', value: { a: 1, b: ['x', 'y'] } });
  assert.deepEqual(readYaml('{"a": 1, "b": ["x", "y"]}'), { kind: 'value', value: { a: 1, b: ['x', 'y'] } });
  assert.deepEqual(readYaml('---\na: 1\n'), { kind: 'value', value: { a: 1 } });
  assert.deepEqual(readYaml('# nothing\n'), { kind: 'value', value: null });
});

test('whatever people and parsers read differently is refused, with its line', () => {
  assert.equal(messageFor('a: 1\nb: 2\na: 3\n'), 'line 1: a mapping has the same key twice');
  assert.equal(messageFor('x: 1\nl:\n  - b: 2\n    b: 3\n'), 'line 3: a mapping has the same key twice');
  assert.equal(messageFor("{1: a, '1': b}"), 'line 1: a mapping has the same key twice');
  assert.equal(messageFor('a: &x 1\nb: *x\n'), 'line 1: an anchor; leave it out');
  assert.equal(messageFor('a: !!binary aGk=\n'), 'line 1: a tag; write the plain value');
  assert.equal(messageFor('a: !!str 1\n'), 'line 1: a tag; write the plain value');
  assert.equal(messageFor('x: 1\na: !secret 1\n'), 'line 2: a tag; write the plain value');
  assert.equal(messageFor('a: 1\n---\nb: 2\n'), 'line 2: holds more than one document; keep one');
  assert.match(messageFor('%YAML 1.1\n---\na: yes\n'), /directive/);
  assert.match(messageFor('? [a]\n: 1\n'), /key that is not a plain name/);
});

test('an alias bomb is refused before it is expanded', () => {
  const levels = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`);
  assert.equal(messageFor(['l0: &a0 x', ...levels].join('\n')), 'line 1: an anchor; leave it out');
});

test('nesting is bounded, however it is written', () => {
  assert.match(messageFor('['.repeat(5_000)), /too deeply|no valid/);
  assert.equal(messageFor(`${'['.repeat(80)}${']'.repeat(80)}`), 'line 1: nested too deeply');
  assert.match(messageFor('- '.repeat(5_000)), /too deeply|no valid/);
  assert.equal(messageFor(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`), 'line 1: nested too deeply');
});

test('many keys take time in proportion, not squared', () => {
  const text = Array.from({ length: 50_000 }, (_, i) => `k${i}: 1`).join('\n');
  const started = performance.now();
  assert.equal(readYaml(text).kind, 'value');
  assert.ok(performance.now() - started < 10_000);
});

test('no message repeats the text of the file', () => {
  const secret = 'hunter2-hunter2';
  for (const text of [
    `a: [${secret}`,
    `a: !${secret} x`,
    `${secret}: 1\n${secret}: 2`,
    `a: "${secret}`,
    `\t${secret}: 1`,
    `a: *${secret}`,
    `? [${secret}]\n: 1`,
  ]) {
    const message = messageFor(text);
    assert.ok(!message.includes('hunter2') && !message.startsWith('read as'), `${text} -> ${message}`);
  }
});

test('a key called __proto__ is data, not a prototype', () => {
  const reading = readYaml('__proto__: {polluted: true}\n');
  assert.ok(reading.kind === 'value' && Object.hasOwn(reading.value as object, '__proto__'));
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('what is written is read back as it was', () => {
  const value = {
    version: 1,
    rules: [{ decision: 'deny', resources: ['**', '*.x.com:443', '~/a b', 'yes', '1', "it's", '#x', '/a: b'] }],
  };
  assert.deepEqual(readYaml(formatYaml(value)), { kind: 'value', value });
});
