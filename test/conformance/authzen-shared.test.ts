import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startDecisionDaemon } from '../support/decision-daemon.ts';
import { exchangeHttp, fieldOf, httpRequest, type RawResponse } from '../support/raw-http.ts';

/** Cases of the AuthZEN routes that lie beside the project where it is developed; never part of it. */
const FILE = join(import.meta.dirname, '../../../shared/vectors/authzen.jsonl');

interface Case {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly body_raw?: string;
  readonly body_base64?: string;
  readonly pad?: number;
  readonly expect: {
    readonly status: number;
    readonly body_subset?: unknown;
    readonly absent?: readonly string[];
    readonly headers?: Readonly<Record<string, unknown>>;
    readonly count?: number;
  };
  readonly note: string;
}

const skip = existsSync(FILE) ? false : 'the folder of shared vectors is not beside the project';

test('every shared AuthZEN case is answered as expected', { skip }, async (t) => {
  const { decide, errors } = await startDecisionDaemon(t);
  const cases = readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Case);
  assert.ok(cases.length >= 150, `only ${cases.length} cases were found`);
  const failures: string[] = [];
  for (const testCase of cases) {
    const request = httpRequest(testCase.method, testCase.path, {
      headers: testCase.headers ?? {},
      body: bodyOf(testCase),
    });
    const [response, ...others] = await exchangeHttp(decide, request);
    const faults = response === undefined ? ['no response'] : faultsOf(testCase, response);
    if (others.length > 0) faults.push('more than one response');
    if (faults.length > 0) failures.push(`${testCase.id} (${testCase.note}): ${faults.join('; ')}`);
  }
  assert.deepEqual(failures, []);
  assert.deepEqual(errors, []);
});

function bodyOf({ body, body_raw, body_base64, pad = 0 }: Case): Buffer {
  const json = body === undefined || body === null ? '' : JSON.stringify(body);
  const bytes = body_base64 === undefined ? Buffer.from(body_raw ?? json) : Buffer.from(body_base64, 'base64');
  return Buffer.concat([bytes, Buffer.alloc(pad, ' ')]);
}

function faultsOf({ expect, headers = {} }: Case, response: RawResponse): string[] {
  const faults: string[] = [];
  const { json } = response;
  if (response.status !== expect.status)
    faults.push(`status ${response.status}, not ${expect.status}: ${response.text}`);
  if (!response.text.endsWith('\n')) faults.push('no newline behind the JSON');
  for (const [name, pattern] of Object.entries(expect.headers ?? {})) {
    if (!matches(fieldOf(response, name), pattern)) faults.push(`header ${name} is ${String(fieldOf(response, name))}`);
  }
  const requestId = Object.entries(headers).find(([name]) => name.toLowerCase() === 'x-request-id')?.[1];
  if (fieldOf(response, 'x-request-id') !== requestId) faults.push('the request id did not come back as it was');
  const members = json as Readonly<Record<string, unknown>>;
  for (const name of expect.absent ?? []) if (Object.hasOwn(members, name)) faults.push(`\`${name}\` is there`);
  if (response.status >= 400 && ('decision' in members || 'evaluations' in members))
    faults.push('an error that decides');
  if (expect.body_subset !== undefined && !matches(json, expect.body_subset)) faults.push(`body ${response.text}`);
  const { evaluations } = members;
  if (expect.count !== undefined && !(Array.isArray(evaluations) && evaluations.length === expect.count)) {
    faults.push(`not ${expect.count} evaluations`);
  }
  return faults;
}

/** Listed members must be there and match; arrays have the same length; `$re` is a pattern for a string. */
function matches(value: unknown, expected: unknown): boolean {
  if (typeof expected !== 'object' || expected === null) return Object.is(value, expected);
  if (Array.isArray(expected)) {
    if (!Array.isArray(value) || value.length !== expected.length) return false;
    return expected.every((item, index) => matches(value[index], item));
  }
  if ('$re' in expected) return typeof value === 'string' && new RegExp(String(expected.$re), 'u').test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(expected).every(
    ([name, item]) => Object.hasOwn(value, name) && matches((value as Record<string, unknown>)[name], item),
  );
}
