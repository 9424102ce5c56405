import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCredentialFile } from '../../../src/sources/governance/credential-file.ts';
import { credentialWarnings } from '../../../src/sources/governance/credential-warnings.ts';
import {
  type GovernanceStage,
  governanceStage,
  networkPolicy,
  SECRET,
  temporaryDirectory,
} from '../../support/governance-stage.ts';
import { answerJson } from '../../support/scripted-server.ts';

function jwt(claims: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
}

/** A server whose tokens are `makeToken(n)`, and how many it gave out. */
function issuing(stage: GovernanceStage, makeToken: (n: number) => string): { count: number } {
  const issued = { count: 0 };
  stage.intercept = (request, response) => {
    if (!request.url.endsWith('/auth/token')) return false;
    issued.count += 1;
    answerJson(response, 200, { access_token: makeToken(issued.count) });
    return true;
  };
  return issued;
}

async function exchangesWithin(stage: GovernanceStage, issued: { count: number }, seconds: number): Promise<number> {
  await stage.source.sync();
  for (let passed = 0; passed < seconds; passed += 30) {
    stage.clock.advance(30_000);
    await stage.source.sync();
  }
  return issued.count;
}

test('a token is used until shortly before it ends, and ten minutes where it does not say', async (t) => {
  const stage = await governanceStage(t);
  const seconds = stage.clock.now() / 1_000;
  const cases: readonly [string, number][] = [
    ['opaque', 2],
    [jwt({ exp: seconds + 10_000, iat: seconds }), 2],
    [jwt({ exp: 'soon' }), 2],
    // issued by a clock that is hours behind: its own `iat` counts
    [jwt({ exp: seconds - 7_000, iat: seconds - 7_600 }), 2],
    [jwt({ exp: seconds - 10 }), 2],
  ];
  for (const [token, expected] of cases) {
    const other = await governanceStage(t);
    assert.equal(
      await exchangesWithin(
        other,
        issuing(other, () => token),
        600,
      ),
      expected,
      token,
    );
  }
  const short = jwt({ exp: seconds + 120, iat: seconds });
  assert.equal(
    await exchangesWithin(
      stage,
      issuing(stage, () => short),
      90,
    ),
    2,
  );
});

test('a 401 costs one new token, with the credential as the file holds it then', async (t) => {
  const directory = temporaryDirectory(t);
  const stage = await governanceStage(t, { directory });
  stage.policies.set('pol_a', networkPolicy('pol_a', 'a.example'));
  let valid = 'token-1';
  let issued = 0;
  stage.intercept = (request, response) => {
    if (request.url.endsWith('/auth/token')) {
      issued += 1;
      answerJson(response, 200, { access_token: `token-${issued}` });
      return true;
    }
    if (request.headers['authorization'] === `Bearer ${valid}`) return false;
    answerJson(response, 401, { error: { code: 'unauthenticated', message: SECRET } });
    return true;
  };
  await stage.source.sync();
  valid = 'token-2';
  writeFileSync(join(directory, 'credential.json'), JSON.stringify({ identifier: 'machine', secret: 'rotated' }));
  const answer = await stage.source.sync();
  assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'ok');
  const exchanges = stage.server.seen.filter((request) => request.url.endsWith('/auth/token'));
  assert.deepEqual(
    exchanges.map((request) => request.body),
    [SECRET, 'rotated'].map((secret) => JSON.stringify({ identifier: 'machine', secret })),
  );
});

test('a server that answers every token with 401 is asked twice, not for ever', async (t) => {
  const stage = await governanceStage(t);
  stage.intercept = (request, response) => {
    if (request.url.endsWith('/auth/token')) return false;
    answerJson(response, 401, {});
    return true;
  };
  const answer = await stage.source.sync();
  assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'failed');
  assert.equal(answer.outcome.failure.code, 'unauthenticated');
  assert.deepEqual(stage.asked(), ['/v2/auth/token', '/policies', '/v2/auth/token', '/policies']);
});

test('many gets that meet a 401 at once share one new token', async (t) => {
  const stage = await governanceStage(t);
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f'])
    stage.policies.set(`pol_${id}`, networkPolicy(`pol_${id}`, `${id}.example`));
  let issued = 0;
  stage.intercept = (request, response) => {
    if (request.url.endsWith('/auth/token')) {
      issued += 1;
      answerJson(response, 200, { access_token: `token-${issued}` });
      return true;
    }
    if (!request.url.includes('/pol_') || request.headers['authorization'] !== 'Bearer token-1') return false;
    answerJson(response, 401, {});
    return true;
  };
  const answer = await stage.source.sync();
  assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'ok');
  assert.equal(issued, 2);
});

test('a refused credential, a token that is none, and a token that is no header each say so', async (t) => {
  const cases: readonly [number, unknown, string][] = [
    [401, { detail: SECRET }, 'credential_refused'],
    [200, {}, 'unexpected_answer'],
    [200, { access_token: '' }, 'unexpected_answer'],
    [200, { access_token: `a\r\nx-evil: ${SECRET}` }, 'unexpected_answer'],
    [429, {}, 'rate_limited'],
  ];
  for (const [status, body, code] of cases) {
    const stage = await governanceStage(t);
    stage.intercept = (_request, response) => (answerJson(response, status, body), true);
    const answer = await stage.source.sync();
    assert.ok(answer.kind === 'ran' && answer.outcome.kind === 'failed');
    assert.equal(answer.outcome.failure.code, code);
    assert.ok(!JSON.stringify([answer, stage.source.status()]).includes(SECRET));
  }
});

test('a credential file is read only if it is private, regular, ours and what it should be', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'credential');
  const good = JSON.stringify({ identifier: 'machine', secret: SECRET });
  const write = (text: string, mode = 0o600): void => {
    rmSync(path, { force: true, recursive: true });
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
  };
  write(good);
  assert.deepEqual(readCredentialFile(path), { identifier: 'machine', secret: SECRET });
  const broken: readonly [string, () => void][] = [
    ['cannot be opened (ENOENT)', () => rmSync(path)],
    ['others may access it', () => write(good, 0o640)],
    ['others may access it', () => write(good, 0o604)],
    ['not JSON', () => write(`{"secret":"${SECRET}"`)],
    ['must hold', () => write(JSON.stringify({ identifier: 'machine' }))],
    ['must hold', () => write(JSON.stringify({ identifier: 'machine', secret: '' }))],
    ['must hold', () => write(JSON.stringify({ identifier: 'machine', secret: SECRET, extra: SECRET }))],
    ['too large', () => write(good + ' '.repeat(20_000))],
    [
      'a link',
      () => {
        write(good);
        linkSync(path, `${path}.target`);
        rmSync(path);
        symlinkSync(`${path}.target`, path);
      },
    ],
    [
      'not a regular file',
      () => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
    [
      'not a regular file',
      () => {
        rmSync(path, { recursive: true });
        execFileSync('mkfifo', ['-m', '600', path]);
      },
    ],
  ];
  for (const [why, prepare] of broken) {
    prepare();
    assert.throws(
      () => readCredentialFile(path),
      (error: Error & { code?: string }) =>
        error.code === 'credential_unreadable' && error.message.includes(why) && !error.message.includes(SECRET),
      why,
    );
  }
});

const ROOT_ONLY = { skip: process.geteuid?.() === 0 ? false : 'only root can give a file away' };

test('a credential file of another user is read only where that one is named', ROOT_ONLY, (t) => {
  const path = join(temporaryDirectory(t), 'credential');
  writeFileSync(path, JSON.stringify({ identifier: 'machine', secret: SECRET }), { mode: 0o600 });
  chownSync(path, 54_321, 54_321);
  assert.throws(() => readCredentialFile(path), /it belongs to another user/);
  assert.throws(() => readCredentialFile(path, 54_322), /it belongs to another user/);
  assert.equal(readCredentialFile(path, 54_321).secret, SECRET);
  chmodSync(path, 0o640);
  assert.throws(() => readCredentialFile(path, 54_321), /others may access it/);
});

test('what a credential can probably do is a warning', () => {
  const codes = (url: string, secret: string): string[] =>
    credentialWarnings(new URL(url), { identifier: 'x', secret }).map((warning) => warning.code);
  const always = 'no_rollback_protection';
  assert.deepEqual(codes('https://hub.docker.com/v2', 'hunter2'), [
    always,
    'credential_can_write',
    'password_credential',
  ]);
  assert.deepEqual(codes('https://hub.docker.com/v2', 'dckr_oat_x'), [always, 'credential_can_write']);
  assert.deepEqual(codes('https://policy.example.com', 'reeve_machine_x'), [always]);
  assert.deepEqual(codes('https://policy.example.com', 'reeve_admin_x'), [always, 'credential_can_write']);
  assert.deepEqual(codes('https://evildocker.com', 'hunter2'), [always]);
});
