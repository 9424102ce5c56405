import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { evaluateStream } from '../../src/cli/eval-stream.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

const CASE = {
  org: [{ decision: 'allow', actions: ['connect:tcp'], resources: ['*.example.com'] }],
  request: { action: 'connect:tcp', host: 'a.example.com', port: 443 },
};

const linesOf = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('cases come from standard input or a file, answers keep order and id', async (t) => {
  const text = [
    { ...CASE, id: 1 },
    { ...CASE, id: 'two', request: { ...CASE.request, host: 'b.example.org' } },
  ]
    .map((one) => JSON.stringify(one))
    .join('\n');
  const file = join(temporaryDirectory(t), 'cases.jsonl');
  writeFileSync(file, text);
  for (const run of [
    runCli(['eval'], { stdin: text }),
    runCli(['eval', '-'], { stdin: text }),
    runCli(['eval', file]),
  ]) {
    const { code, stdout } = await run;
    assert.equal(code, 0);
    assert.deepEqual(
      linesOf(stdout).map((line) => [line['id'], line['code']]),
      [
        [1, 'org_allow'],
        ['two', 'default_deny'],
      ],
    );
  }
});

test('one bad line never stops the rest', async () => {
  const good = JSON.stringify({ ...CASE, id: 9 });
  const bad = ['{', '[]', '"x"', '{"id":2}', '{"request":{"action":"fly"}}'];
  const stdin = Buffer.concat([
    Buffer.from(`${bad.join('\n')}\n\n  \n`),
    Buffer.from([0xff, 0x0a]),
    Buffer.from(`${good}\r\n${good}`),
  ]);
  const lines = linesOf((await runCli(['eval'], { stdin })).stdout);
  assert.equal(lines.length, bad.length + 3);
  assert.ok(lines.slice(0, -2).every((line) => 'error' in line && !('decision' in line)));
  assert.deepEqual(
    lines.slice(-2).map((line) => [line['id'], line['decision']]),
    [
      [9, 'allow'],
      [9, 'allow'],
    ],
  );
});

test('--strict makes a rule that could not be written an error; otherwise it is a warning', async () => {
  const stdin = JSON.stringify({
    ...CASE,
    org: [...CASE.org, { decision: 'allow', actions: ['connect:tcp'], resources: ['*'] }],
  });
  const [lax] = linesOf((await runCli(['eval'], { stdin })).stdout);
  assert.ok(Array.isArray(lax?.['warnings']) && lax['decision'] === 'allow');
  const [strict] = linesOf((await runCli(['eval', '--strict'], { stdin })).stdout);
  assert.equal((strict?.['error'] as { code: string }).code, 'invalid_rule');
});

test('a file that cannot be read is exit code 1', async () => {
  const { code, stderr } = await runCli(['eval', '/nonexistent/cases.jsonl']);
  assert.deepEqual([code, stderr], [1, 'reeve: cannot read `/nonexistent/cases.jsonl` (ENOENT)\n']);
  const directory = await runCli(['eval', '/usr']);
  assert.deepEqual([directory.code, directory.stderr], [1, 'reeve: cannot read `/usr` (EISDIR)\n']);
});

test('lines are whole however they arrive', async () => {
  const bytes = Buffer.from('ä\nbc\n\nd');
  for (const size of [1, 2, 3, 100]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
      bytes.subarray(i * size, (i + 1) * size),
    );
    const target = new PassThrough();
    await evaluateStream(Readable.from(chunks), target, (line) => `<${line}>`);
    assert.equal((target.read() as Buffer).toString(), '<ä>\n<bc>\n<d>\n');
  }
});

test('the reader waits for a slow writer: memory stays constant', async () => {
  let produced = 0;
  const source = Readable.from(
    (function* () {
      for (; produced < 10_000; produced++) yield Buffer.from(`${produced}\n`);
    })(),
  );
  const target = new PassThrough({ highWaterMark: 1_024 });
  const done = evaluateStream(source, target, (line) => line);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(produced < 2_000, String(produced));
  const seen: string[] = [];
  target.setEncoding('utf8').on('data', (text: string) => seen.push(text));
  await done;
  assert.equal(seen.join('').split('\n').length, 10_001);
});

test('a line that never ends is dropped while it comes, and is one error', async () => {
  const piece = Buffer.alloc(1_048_576, 0x20);
  const source = Readable.from([...Array<Buffer>(20).fill(piece), Buffer.from('\nx\n')]);
  const target = new PassThrough();
  await evaluateStream(source, target, (line) => `<${line}>`);
  const [first, second] = (target.read() as Buffer).toString().split('\n');
  assert.match(first ?? '', /larger than 16 MiB/);
  assert.equal(second, '<x>');
});
