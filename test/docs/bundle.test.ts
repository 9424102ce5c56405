import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUNDLE_PAYLOAD_TYPE, readPublicKey, signerOf } from '../../src/bundle/dsse.ts';
import { bundleSchema } from '../../src/schema/bundle-shape.ts';
import { readEnvelope } from '../../src/schema/envelope.ts';
import { MAX_BUNDLE_DEPTH, MAX_BUNDLE_TESTS, MAX_SUPPORT_MESSAGE_CHARACTERS } from '../../src/schema/limits.ts';
import { admitBundle } from '../../src/sources/admit-bundle.ts';
import { FEATURES } from '../../src/sources/bundle-demands.ts';
import { tempDirectory } from '../support/temp-tree.ts';
import { codeIn, rowsBelow, textOf } from './pages.ts';

const PAGE = textOf('docs/bundle.md');

test('the example of the bundle format is one that a machine takes, and its own schema too', () => {
  const text = /```json\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
  const now = Date.parse('2026-06-01T12:00:01Z');
  const admitted = admitBundle({ document: Buffer.from(text), org: 'acme', version: '0.1.0', now });
  assert.deepEqual([admitted.revision, admitted.policies.length], ['42', 1]);
  assert.equal(bundleSchema.safeParse(JSON.parse(text)).success, true);
  const failing = text.replace('"expect": "allow"', '"expect": "deny"');
  assert.throws(() => admitBundle({ document: Buffer.from(failing), org: 'acme', version: '0.1.0', now }), {
    code: 'failing_test',
  });
});

test('the bundle format lists every member and whether it must be there', () => {
  const stated = rowsBelow(PAGE, '## Members').flatMap(([member, must]) => {
    const name = codeIn(member);
    return name === null ? [] : [[name, must] as const];
  });
  const members = Object.entries(bundleSchema.shape).map(
    ([name, shape]) => [name, shape.safeParse(undefined).success ? 'no' : 'yes'] as const,
  );
  assert.deepEqual(new Map(stated), new Map(members));
});

test('the bundle format lists the features, all and no others', () => {
  const stated = rowsBelow(PAGE, '## Features').flatMap(([cell]) => codeIn(cell) ?? []);
  assert.deepEqual(stated, [...FEATURES]);
});

test('the bundle format states the limits of the code', () => {
  const flat = PAGE.replaceAll(/\s+/g, ' ');
  assert.ok(flat.includes(`At most ${MAX_SUPPORT_MESSAGE_CHARACTERS} characters`));
  assert.ok(flat.includes(`at most ${MAX_BUNDLE_TESTS.toLocaleString('en')}.`));
  assert.ok(flat.includes(`more than ${MAX_BUNDLE_DEPTH} levels and more than 64 MiB`));
});

test('the commands that sign a bundle file make one that a machine takes', {
  skip: hasTools() ? false : 'no openssl',
}, (t) => {
  const directory = tempDirectory(t);
  const example = /```json\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
  const commands = /```sh\n(openssl[\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
  writeFileSync(join(directory, 'bundle.json'), example);
  execFileSync('sh', ['-ec', commands], { cwd: directory, stdio: 'pipe' });
  const signed = readEnvelope(readFileSync(join(directory, 'bundle.signed.json')));
  const key = readPublicKey(readFileSync(join(directory, 'bundle.pem'), 'utf8'));
  assert.ok(signed.kind === 'envelope' && key !== null);
  assert.equal(signed.envelope.payloadType, BUNDLE_PAYLOAD_TYPE);
  assert.equal(signerOf(signed.envelope, [key])?.id, key.id);
  assert.equal(Buffer.from(signed.envelope.payload).toString(), example);
});

/** `base64 -w0` is not everywhere. */
function hasTools(): boolean {
  const tools = 'command -v openssl && base64 -w0 /dev/null && openssl list -public-key-algorithms | grep -qi ed25519';
  return spawnSync('sh', ['-c', tools]).status === 0;
}
