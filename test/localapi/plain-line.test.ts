import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readLineId } from '../../src/localapi/line-id.ts';
import { readPlainLine } from '../../src/localapi/plain-line.ts';
import { type Request, readRequest } from '../../src/policy/request.ts';
import { parseStrictJson } from '../../src/schema/strict-json.ts';

/** The long way: strict JSON, the `id` taken off, the request read. */
function longWay(line: string): { request: Request; id: string | null; labels: object } | null {
  const reading = parseStrictJson(Buffer.from(line));
  if (reading.kind === 'error') return null;
  const { id, request: value } = readLineId(reading.value);
  const request = readRequest(value);
  if (id.kind === 'invalid' || request.kind !== 'request') return null;
  const { sandbox, agent, user, process } = value as Record<string, unknown>;
  const labels = Object.fromEntries(
    Object.entries({ sandbox, agent, user, process }).filter(([, label]) => label !== undefined),
  );
  return { request: request.request, id: id.kind === 'id' ? id.text : null, labels };
}

/** Read where it lies among other lines, as it does in a chunk. */
function shortWay(line: string): ReturnType<typeof readPlainLine> {
  const before = '{"action":"read"}\n';
  return readPlainLine(`${before}${line}\n{"id":"x"}\n`, before.length, before.length + line.length);
}

function agree(line: string): boolean {
  const short = shortWay(line);
  if (short === null) return false;
  const long = longWay(line);
  assert.deepEqual({ ...short, labels: short.labels ?? {} }, long, line);
  return true;
}

const key = fc.constantFrom(
  ...['action', 'host', 'ip', 'port', 'path', 'real', 'resolved', 'recursive', 'uid', 'id'],
  ...['sandbox', 'agent', 'user', 'process', 'labels', 'other', 'actio', 'hosts', ''],
);
const word = fc.constantFrom(
  ...['"connect:tcp"', '"read"', '"write"', '"api.example.com"', '"API.Example.com."', '"10.0.0.1"', '"::1"', '"/a/b"'],
  ...['"/a//../b"', '""', '"a b"', '"q\\"q"', '"\\u0041"', '"\x01"', '443', '0', '007', '1.5', '1e3', '-1', '65536'],
  ...['999999999999999', '9999999999999999', 'true', 'false', 'null', 'tru', '[]', '["10.0.0.1"]', '{}', '"\x7f"', '"'],
);
const gap = fc.constantFrom('', '', '', ' ', '  ', '\t');
const member = fc.tuple(key, gap, word).map(([name, space, value]) => `"${name}":${space}${value}`);
const host = fc.constantFrom('api.example.com', 'X.example.com', 'bad host', '10.0.0.1', '[::1]', '');
const ordinary = fc.oneof(
  fc.record(
    {
      action: fc.constantFrom('connect:tcp', 'connect:udp'),
      host,
      ip: fc.constantFrom('10.0.0.1', '2001:db8::1', 'x'),
      port: fc.nat(70_000),
      uid: fc.nat(5_000_000_000),
      id: fc.oneof(fc.nat(), fc.constantFrom('a', 'b-1')),
      sandbox: fc.constantFrom('s1', ''),
      agent: fc.constantFrom('claude'),
    },
    { requiredKeys: ['action'] },
  ),
  fc.record(
    {
      action: fc.constantFrom('read', 'write'),
      path: fc.constantFrom('/a/b', '/a/../b', '/', 'relative', '/a//b/'),
      real: fc.constantFrom('/a/b', '/x', '/a/'),
      resolved: fc.boolean(),
      recursive: fc.boolean(),
      user: fc.constantFrom('u'),
      process: fc.constantFrom('p 1'),
    },
    { requiredKeys: ['action'] },
  ),
);

/** An ordinary line with members put in that may repeat, contradict or spoil it. */
const oddLine = fc
  .tuple(ordinary, fc.array(fc.tuple(fc.nat(5), member), { maxLength: 2 }), gap)
  .chain(([value, odd, space]) => {
    const members = Object.entries(value).map(([name, one]) => `"${name}":${JSON.stringify(one)}`);
    for (const [place, text] of odd) members.splice(place, 0, text);
    return fc
      .constantFrom('}', '}', '}', '', '} ', '}}', ',}', '}\r')
      .map((end) => `{${members.join(`,${space}`)}${end}`);
  });

test('what is read the short way is what the strict reader reads', () => {
  let read = 0;
  fc.assert(
    fc.property(oddLine, (line) => {
      if (agree(line)) read += 1;
    }),
    { numRuns: 30_000 },
  );
  assert.ok(read > 1_000, `only ${read} lines were read`);
});

test('nearly every line that a client writes is read the short way', () => {
  let [asked, read] = [0, 0];
  fc.assert(
    fc.property(ordinary, fc.boolean(), (value, spaced) => {
      const written = JSON.stringify(value);
      // as other languages write it
      const line = spaced ? written.replaceAll(',"', ', "').replaceAll('":', '": ') : written;
      if (longWay(line) !== null) asked += 1;
      if (agree(line)) read += 1;
    }),
    { numRuns: 10_000 },
  );
  assert.ok(asked > 3_000 && read === asked, `${read} of ${asked}`);
});

test('one character that is changed, dropped or added is read alike or not at all', () => {
  const lines = [
    '{"action":"connect:tcp","host":"api.example.com","port":443,"id":7,"agent":"claude"}',
    '{"action": "read", "path": "/a/b", "real": "/a/b", "recursive": true, "id": "x"}',
  ];
  const characters = '{}[]",:\\ \t\rax0919-.eE+tfn\x00\x1f\x7f'.split('');
  for (const line of lines) {
    assert.ok(agree(line));
    for (let at = 0; at <= line.length; at += 1) {
      agree(line.slice(0, at) + line.slice(at + 1));
      for (const character of characters) {
        agree(line.slice(0, at) + character + line.slice(at + 1));
        agree(line.slice(0, at) + character + line.slice(at));
      }
    }
  }
});
