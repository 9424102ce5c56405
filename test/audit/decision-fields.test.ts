import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decisionEntry } from '../../src/audit/decision-fields.ts';
import { recordText } from '../../src/audit/record-text.ts';
import { labelsText } from '../../src/audit/request-labels.ts';
import { parseStrictJsonText } from '../../src/schema/strict-json.ts';
import { answerText, type LogRecord, PEER } from './log-support.ts';

function fieldsOf(answer: string, request: LogRecord = {}): LogRecord {
  const entry = decisionEntry({ at: 0, peer: PEER, answer, labels: labelsText(request) });
  assert.ok(entry !== null);
  return entry.fields;
}

test('a record holds the members that are listed, and no others', () => {
  const more = {
    secret: 'x',
    token: 'x',
    id: 'q-1',
    support_message: 'ask',
    resolved_path: '/x',
    rule: { id: 'r', hidden: 'x' },
  };
  const fields = fieldsOf(answerText('a.example', more), {
    action: 'read',
    path: '/secret',
    real: '/x',
    sandbox: 's',
    other: 'x',
  });
  assert.deepEqual(Object.keys(fields), [
    ...['type', 'decision', 'kind', 'code', 'reason', 'revision', 'generation', 'ip_checked'],
    ...['rule', 'request', 'peer', 'sandbox'],
  ]);
  assert.deepEqual(fields['rule'], { id: 'r' });
});

test('what a filesystem decision was about is kept whole', () => {
  const path = `/${'p'.repeat(4_095)}`;
  const request = { action: 'read', path, real: `${path.slice(0, -1)}q`, recursive: true, uid: 7 };
  assert.deepEqual(fieldsOf(answerText('', { request }))['request'], request);
});

test('labels are cut, with a mark that says so, and stay one valid JSON text', () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, index]));
  // the cut falls between the halves of the last pair
  const torn = `${'x'.repeat(255)}😀${'y'.repeat(60_000)}`;
  const fields = fieldsOf(answerText('a.example'), { agent: torn, labels: { ...many, nested: { deep: 1 } } });
  assert.equal(fields['agent'], `${'x'.repeat(255)}\ufffd… (60001 more)`);
  const labels = fields['labels'] as LogRecord;
  assert.equal(Object.keys(labels).length, 17);
  assert.equal(labels['…'], '25 more');
  assert.equal(parseStrictJsonText(recordText(1, { at: 0, fields: { ...fields, type: 'decision' } })).kind, 'value');
  assert.deepEqual(fieldsOf(answerText('a.example'), { labels: { a: { b: 1 }, c: [1], d: null, e: true } })['labels'], {
    a: '…',
    c: '…',
    d: null,
    e: true,
  });
});

test('no token or key reaches the log by way of a label', () => {
  const secret = 'hunter2-Zm9v';
  const request = {
    process: `curl -H "Authorization: Bearer ${secret}" --token ${secret} --api-key=${secret} https://u:${secret}@h.example/?access_token=${secret}&x=1`,
    agent: `password: ${secret}`,
    labels: { API_KEY: secret, 'session-cookie': secret, note: `client_secret="${secret}"`, plain: 'kept' },
  };
  const text = JSON.stringify(fieldsOf(answerText('a.example'), request));
  assert.ok(!text.includes(secret), text);
  assert.ok(text.includes('kept') && text.includes('h.example') && text.includes('&x=1'), text);
});

test('hostile label names are names', () => {
  const request = JSON.parse(
    '{"labels":{"__proto__":{"x":1},"constructor":"c","a\\u0000b":"\\u001b[2J"}}',
  ) as LogRecord;
  const text = recordText(1, { at: 0, fields: { ...fieldsOf(answerText('a.example'), request), type: 'decision' } });
  assert.ok(text.includes('"__proto__":"…"') && text.includes('"constructor":"c"'), text);
  assert.doesNotMatch(text, /[\u0000-\u001f]/);
});

test('labels of a megabyte cost no more than small ones', () => {
  const text = labelsText({ process: 'x'.repeat(1_000_000), labels: { ['k'.repeat(100_000)]: 'v'.repeat(100_000) } });
  assert.ok(text.length < 1_000, `${text.length}`);
  const patterns = `${'token'.repeat(50)}=`;
  const started = performance.now();
  for (let round = 0; round < 100; round += 1)
    fieldsOf(answerText('a.example'), { process: patterns, agent: 'a-'.repeat(128), user: '://'.repeat(80) });
  assert.ok(performance.now() - started < 1_000);
});
