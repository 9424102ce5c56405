import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPlainEvaluation } from '../../src/localapi/authzen-plain.ts';
import { parseStrictJson } from '../../src/schema/strict-json.ts';

/** What the strict reader makes of it; undefined = nothing. */
function longWay(text: string): unknown {
  const reading = parseStrictJson(Buffer.from(text));
  return reading.kind === 'value' ? reading.value : undefined;
}

/** Whether it is read the short way; then both ways must say the same, members in the same order. */
function agree(text: string): boolean {
  const value = readPlainEvaluation(text);
  if (value === null) return false;
  assert.equal(JSON.stringify(value), JSON.stringify(longWay(text)), text);
  return true;
}

const word = fc.constantFrom('agent', 'claude', '', 'a b', '/a//../b', 'API.Example.com:443', '[2001:db8::1]:22', '{}');
const subject = fc.record(
  {
    type: fc.constantFrom('sandbox', 'agent', 'robot'),
    id: word,
    properties: fc.record({ sandbox: word, agent: word, user: word, process: word }, { requiredKeys: [] }),
  },
  { requiredKeys: ['type', 'id'] },
);
const action = fc.record(
  {
    name: fc.constantFrom('connect:tcp', 'read', 'fly'),
    properties: fc.record({ recursive: fc.boolean() }, { requiredKeys: [] }),
  },
  { requiredKeys: ['name'] },
);
const resource = fc.record(
  {
    type: fc.constantFrom('network', 'filesystem'),
    id: word,
    properties: fc.record(
      {
        host: word,
        port: fc.nat(),
        ip: fc.array(word, { maxLength: 3 }),
        path: word,
        real: word,
        resolved: fc.boolean(),
        recursive: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['type', 'id'] },
);
const ordinary = fc.record({ subject, action, resource });

/** As other languages write it. */
function spaced(text: string): string {
  return text.replaceAll(',"', ', "').replaceAll('":', '": ');
}

test('nearly every evaluation that a client writes is read the short way, and the same', () => {
  fc.assert(
    fc.property(ordinary, fc.boolean(), fc.nat(5), (value, wide, order) => {
      const members = Object.entries(value);
      for (let turn = 0; turn < order; turn += 1) members.push(...members.splice(turn % 2, 1));
      const text = JSON.stringify(Object.fromEntries(members));
      assert.ok(agree(wide ? spaced(text) : text), text);
    }),
    { numRuns: 10_000 },
  );
});

const odd = fc.constantFrom(
  ...[
    '"subject":{}',
    '"type":"x"',
    '"id":7',
    '"id":null',
    '"port":007',
    '"port":1.5',
    '"port":-1',
    '"port":1e3',
    '"ip":[1]',
  ],
  ...[
    '"port":999999999999999',
    '"port":9999999999999999',
    '"ip":["a",]',
    '"ip":[',
    '"host":"q\\"q"',
    '"host":"\\u0041"',
  ],
  ...[
    '"path":"\x01"',
    '"name":"read"',
    '"properties":{}',
    '"properties":null',
    '"context":{}',
    '"other":1',
    '"":1',
    '}',
    '{',
  ],
  ...['"__proto__":{}', '"recursive":tru', '"resolved":false', 'true', '"', ',', ' ', '\t', '\\', ':', '[]'],
);

test('with members put in that repeat, contradict or spoil it, both ways read the same or the short one nothing', () => {
  let read = 0;
  fc.assert(
    fc.property(ordinary, fc.array(fc.tuple(fc.nat(20), odd), { maxLength: 2 }), (value, more) => {
      let text = JSON.stringify(value);
      for (const [place, member] of more) {
        const openings = [...text.matchAll(/[{,]/g)].map(({ index }) => index + 1);
        const at = openings[place % openings.length] ?? 0;
        text = `${text.slice(0, at)}${member},${text.slice(at)}`;
      }
      if (agree(text)) read += 1;
    }),
    { numRuns: 20_000 },
  );
  assert.ok(read > 1_000, `only ${read} were read`);
});

test('one character that is changed, dropped or added is read alike or not at all', () => {
  const texts = [
    '{"subject":{"type":"agent","id":"a"},"action":{"name":"read"},"resource":{"type":"x","id":"b:1"}}',
    '{"resource": {"id": "a", "properties": {"ip": ["::1", "b"], "port": 10, "resolved": true}}}',
  ];
  const characters = '{}[]",:\\ \t\rax0919-.eE+tfn\x00\x1f\x7f'.split('');
  for (const text of texts) {
    assert.ok(agree(text));
    for (let at = 0; at <= text.length; at += 1) {
      agree(text.slice(0, at) + text.slice(at + 1));
      for (const character of characters) {
        agree(text.slice(0, at) + character + text.slice(at + 1));
        agree(text.slice(0, at) + character + text.slice(at));
      }
    }
  }
});

test('what no object is made of here is left to the strict reader', () => {
  for (const text of ['', '[]', '"a"', '7', 'null', ' {}', '{} ', '{}\n', '{"evaluations":[]}', '{"subject":null}']) {
    assert.equal(readPlainEvaluation(text), null, text);
  }
});
