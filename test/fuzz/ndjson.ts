import assert from 'node:assert/strict';
import { decide, readRequest } from '../../src/policy/index.ts';
import { parseStrictJson, parseStrictJsonText } from '../../src/schema/strict-json.ts';
import { assertSound, SERVED, type Sent, send, sentBytes, startServed } from './socket.ts';
import { fuzzTarget } from './target.ts';
import { REQUESTS } from './words.ts';

const LINES = REQUESTS.map((request, id) => JSON.stringify({ ...(request as object), id }));
const SEEDS = [
  ...LINES.map((line) => `${line}\n`),
  `${LINES.join('\n')}\n`,
  `${LINES.join('\r\n')}\r\n \t\r\n\n${LINES[0] ?? ''}\n`,
  `{"action":"read","path":"/srv/data/x"}\n${LINES[0] ?? ''}\n`,
  `{"action":"read","path":"/srv/data/x","labels":{"a":"${'x'.repeat(65_500)}"}}\n${LINES[1] ?? ''}\n`,
];
const WORDS = [
  '\n',
  '\r\n',
  '{}\n',
  '[]\n',
  'null\n',
  '{"id":1}\n',
  '"id":"\\ud83d",',
  '"id":null,',
  '"id":9007199254740993,',
  '"id":1e400,',
  '"id":{},',
  '{',
  '}',
  '"',
  '\\',
  ',',
  'POST / HTTP/1.1\r\n',
  'GET /readyz HTTP/1.1\r\n\r\n',
  `${LINES[0] ?? ''}\n`,
  'x'.repeat(70_000),
];

/** The largest line (api, "Newline-delimited JSON"). */
const LINE_BYTES = 65_536;

/** The lines that get an answer: complete, not blank, and before the first one that is too long. */
function answeredLines(bytes: Buffer): readonly Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf(0x0a, at);
    if (end === -1 || end - at > LINE_BYTES) return lines;
    const line = bytes.subarray(at, end);
    if (!/^[ \t\r]*$/.test(line.toString('latin1'))) lines.push(line);
    at = end + 1;
  }
}

type Json = Readonly<Record<string, unknown>>;

function isEchoed(id: unknown): boolean {
  return typeof id === 'string' || (typeof id === 'number' && Math.abs(id) <= Number.MAX_SAFE_INTEGER);
}

/** What a line has to be answered with; `decision` undefined: a decision that depends on the disk. */
function expectedOf(
  line: Buffer,
  uid: number | null,
): { readonly id?: unknown; readonly answer: Json | 'any' | 'error' } {
  const reading = parseStrictJson(line);
  if (reading.kind === 'error') return { answer: 'error' };
  const { value } = reading;
  const named = typeof value === 'object' && value !== null && Object.hasOwn(value, 'id');
  const { id, ...rest } = named ? (value as Json) : {};
  if (named && !isEchoed(id)) return { answer: 'error' };
  const echo = named ? { id } : {};
  const asked = readRequest(named ? rest : value);
  if (asked.kind === 'not_a_request') return { ...echo, answer: 'error' };
  const { request } = asked;
  if (request.kind === 'filesystem' && request.real.kind === 'pending') return { ...echo, answer: 'any' };
  return { ...echo, answer: { ...decide(SERVED, request, { uid }) } };
}

function assertAnswer(text: string, line: Buffer, uid: number | null): void {
  const reading = parseStrictJsonText(text);
  assert.ok(reading.kind === 'value', text);
  const { id, ...got } = reading.value as Json;
  const expected = expectedOf(line, uid);
  // JSON has one zero
  assert.equal(JSON.stringify(id), JSON.stringify(expected.id), text);
  if (expected.answer === 'error') assert.deepEqual(Object.keys(got), ['error'], text);
  else if (expected.answer === 'any') assert.ok(got['decision'] === 'allow' || got['decision'] === 'deny', text);
  else assert.deepEqual({ ...got, ttl_ms: 0 }, JSON.parse(JSON.stringify({ ...expected.answer, ttl_ms: 0 })), text);
}

/** Lines on a real socket: one answer a line, in order, the one that the core gives. */
export const NDJSON = fuzzTarget<Sent>('ndjson', 'NDJSON', async (scope) => {
  const daemon = await startServed(scope);
  const known = daemon.api.credentials.kind === 'available';
  const own = process.getuid?.() ?? null;
  const uid = !known || own === 65_534 ? null : own;
  return {
    // what is bounded is a line, not how many of them somebody sends
    inputs: sentBytes(SEEDS, WORDS, 150_000).filter(({ bytes }) => /^\{(?:[^\n]*\n){0,300}[^\n]*$/.test(bytes)),
    async check(sent) {
      const answers = Buffer.from(await send(daemon.decide, sent), 'latin1').toString('utf8');
      const texts = answers === '' ? [] : answers.replace(/\n$/, '').split('\n');
      const lines = answeredLines(Buffer.from(sent.bytes, 'latin1'));
      assert.equal(texts.length, lines.length);
      texts.forEach((text, at) => assertAnswer(text, lines[at] ?? Buffer.alloc(0), uid));
      assertSound(daemon);
    },
  };
});
