import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startDecisionLog } from '../../src/audit/decision-log.ts';
import { answerText, PEER } from '../audit/log-support.ts';
import { bundleDocument } from '../support/bundle-documents.ts';
import { egressPolicy, enrol } from '../support/enrolled-state.ts';
import { runCli, temporaryDirectory } from './run-cli.ts';

interface Place {
  readonly root: string;
  readonly state: string;
  readonly local: string;
  readonly config: string;
}

function place(t: TestContext, more: object = {}): Place {
  const root = temporaryDirectory(t);
  const [state, local, config] = [join(root, 'state'), join(root, 'local.d'), join(root, 'reeve.yaml')];
  for (const directory of [state, local]) mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(root, 'credential'), '{}', { mode: 0o600 });
  const source = {
    ...{ type: 'governance', base_url: 'http://127.0.0.1:9/', org: 'acme' },
    credential_file: join(root, 'credential'),
  };
  const sockets = { decide: join(root, 'decide.sock') };
  const content = { state_directory: state, local_directory: local, sockets, source, ...more };
  writeFileSync(config, JSON.stringify(content), { mode: 0o600 });
  return { root, state, local, config };
}

/** A log in which these were asked, in this order. */
async function asked(state: string, answers: readonly string[], peer = PEER): Promise<void> {
  const log = startDecisionLog({ path: join(state, 'log.db'), closeMs: 30_000 });
  for (const answer of answers) log.record(peer, null, answer);
  await log.close();
}

function rules(...hosts: readonly string[]): object {
  return egressPolicy('', {
    allowlist_v0: {
      domain: 'network',
      rules: hosts.map((host) => ({ id: host, decision: 'allow', actions: ['connect:tcp'], resources: [host] })),
    },
  });
}

interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly json: () => {
    readonly before: { readonly revision: string } | null;
    readonly after: { readonly revision: string } | null;
    readonly terms: readonly unknown[];
    readonly policies: readonly { readonly kind: string }[];
    readonly decisions: {
      readonly [name: string]: unknown;
      readonly flips: readonly {
        readonly request: Readonly<Record<string, unknown>>;
        readonly uid: number | null;
        readonly count: number;
        readonly before: {
          readonly effect: string;
          readonly code: string;
          readonly rule: { readonly id: string } | null;
        };
        readonly after: {
          readonly effect: string;
          readonly code: string;
          readonly rule: { readonly id: string } | null;
        };
      }[];
    } | null;
  };
}

async function diff({ config }: Place, ...args: readonly string[]): Promise<Told> {
  const ran = await runCli(['diff', ...args, '--config', config], { cwd: '/' });
  return { ...ran, json: () => JSON.parse(ran.stdout) as ReturnType<Told['json']> };
}

test('what the newest revision changed is shown in rules, and in decisions that would come out otherwise', async (t) => {
  const at = place(t);
  enrol(at.state, { revision: 'r1', policies: [rules('gone.example', 'kept.example')] });
  enrol(at.state, { revision: 'r2', policies: [rules('new.example', 'kept.example')] });
  const hosts = ['gone.example', 'kept.example', 'gone.example', 'new.example', 'never.example', 'gone.example'];
  await asked(
    at.state,
    hosts.map((host) => answerText(host)),
  );
  const { code, stdout } = await diff(at);
  assert.equal(code, 3);
  const lines = stdout.split('\n').map((line) => line.trimEnd());
  assert.deepEqual(lines.slice(0, 4), [
    'revision r1 → revision r2',
    '~ policy `Egress` (pol_1), changed 2026-06-01T00:00:00Z',
    '  - gone.example: allow connect:tcp gone.example',
    '  + new.example: allow connect:tcp new.example',
  ]);
  assert.match(lines[5] ?? '', /^4 requests, 6 decisions since \d{4}-/);
  assert.equal(lines[6], '2 decided alike; 2 otherwise');
  assert.match(
    lines[8] ?? '',
    /^3 +1000 +connect:tcp +gone\.example:443 +allow org_allow \(pol_1: gone\.example\) +deny default_deny$/,
  );
  assert.match(
    lines[9] ?? '',
    /^1 +1000 +connect:tcp +new\.example:443 +deny default_deny +allow org_allow \(pol_1: new\.example\)$/,
  );
  const asJson = (await diff(at, '--json')).json();
  assert.deepEqual([asJson.before?.revision, asJson.after?.revision, asJson.terms], ['r1', 'r2', []]);
  assert.deepEqual(
    asJson.decisions?.flips.map(({ count, before, after }) => [count, before.effect, before.rule?.id, after.effect]),
    [
      [3, 'allow', 'gone.example', 'deny'],
      [1, 'deny', undefined, 'allow'],
    ],
  );
  const { requests, decisions, same, left_out: leftOut, unusable, not_kept: notKept } = asJson.decisions;
  assert.deepEqual([requests, decisions, same, leftOut, unusable, notKept], [4, 6, 2, 0, 0, 0]);
});

test('revisions are named, backwards too; what nobody asked for flips nothing', async (t) => {
  const at = place(t);
  for (const number of [1, 2, 3]) enrol(at.state, { revision: `r${number}`, policies: [rules(`h${number}.example`)] });
  const back = await diff(at, 'active', 'r1', '--json');
  assert.deepEqual([back.code, back.json().before?.revision, back.json().after?.revision], [0, 'r3', 'r1']);
  assert.deepEqual(back.json().decisions?.['requests'], 0);
  const one = await diff(at, 'r2', '--json');
  assert.deepEqual([one.json().before?.revision, one.json().after?.revision], ['r3', 'r2']);
  const same = await diff(at, 'r2', 'r2');
  assert.match(same.stdout, /terms and rules are the same/);
  const unknown = await diff(at, 'r9');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /`r9` is no revision that served on this machine, and no file/);
});

test('a bundle file is compared before it is published, packed or not', async (t) => {
  const at = place(t);
  enrol(at.state, { revision: 'r1', policies: [rules('gone.example')] });
  await asked(at.state, [answerText('gone.example')]);
  const document = JSON.stringify(bundleDocument({ mode: { network: 'monitor' } }));
  const [plain, packed] = [join(at.root, 'bundle.json'), join(at.root, 'bundle.json.gz')];
  writeFileSync(plain, document);
  writeFileSync(packed, gzipSync(document));
  for (const file of [plain, packed]) {
    const told = await diff(at, file, '--json');
    assert.equal(told.code, 3, told.stderr);
    assert.equal(told.json().after?.revision, '7');
    const [flip] = told.json().decisions?.flips ?? [];
    assert.deepEqual(
      [flip?.before.effect, flip?.after.effect, flip?.after.code],
      ['allow', 'would_deny', 'default_deny'],
    );
  }
  const names = (await diff(at, plain)).stdout;
  assert.match(names, /~ governed: none → network\n/);
  assert.match(names, /allow \(would deny\) default_deny/);
  writeFileSync(plain, JSON.stringify(bundleDocument({ org: 'other' })));
  const foreign = await diff(at, plain);
  assert.deepEqual([foreign.code, /is of `other`, and this machine belongs to `acme`/.test(foreign.stderr)], [1, true]);
  writeFileSync(plain, '{');
  assert.equal((await diff(at, plain)).code, 1);
});

test('local files and who asked count as they do in the daemon', async (t) => {
  const at = place(t);
  enrol(at.state, { revision: 'r1', policies: [rules('a.example', 'b.example')] });
  enrol(at.state, { revision: 'r2', policies: [rules('b.example')] });
  const denies = [{ id: 'no', decision: 'deny', resources: ['a.example'] }];
  writeFileSync(join(at.local, '10.json'), JSON.stringify({ version: 1, rules: denies }), { mode: 0o644 });
  await asked(at.state, [answerText('a.example'), answerText('b.example')]);
  const told = await diff(at, '--json');
  // denied by the local file before and after: no flip, but for another reason
  assert.deepEqual([told.code, told.json().decisions?.flips, told.json().decisions?.['otherReason']], [0, [], 0]);
  rmSync(join(at.local, '10.json'));
  assert.equal((await diff(at)).code, 3);
});

test('`~` means the home of whoever asked', async (t) => {
  const at = place(t);
  const { homedir, uid } = userInfo();
  const own = egressPolicy('', {
    allowlist_v0: {
      domain: 'filesystem',
      rules: [{ id: 'own', decision: 'allow', actions: ['read'], resources: ['~/reeve-diff/**'] }],
    },
  });
  enrol(at.state, { revision: 'r1', policies: [rules('a.example')], governed: ['network', 'filesystem'] });
  enrol(at.state, { revision: 'r2', policies: [own] });
  const path = `${homedir}/reeve-diff/a`;
  await asked(at.state, [answerText('', { request: { action: 'read', path, real: path } })], { ...PEER, uid });
  await asked(at.state, [answerText('', { request: { action: 'read', path, real: path } })], {
    ...PEER,
    uid: 4_000_000,
  });
  const { decisions } = (await diff(at, '--json')).json();
  assert.deepEqual(
    decisions?.flips.map((flip) => [flip.uid, flip.before.effect, flip.after.rule?.id]),
    [[uid, 'deny', 'own']],
  );
});

test('the age of a policy hides nothing that it changes', async (t) => {
  const at = place(t);
  const long = Date.now() - 90 * 86_400_000;
  enrol(at.state, { revision: 'r1', policies: [rules('a.example')], syncedAt: long });
  enrol(at.state, { revision: 'r2', policies: [rules('b.example')], syncedAt: long });
  await asked(at.state, [answerText('a.example')]);
  const [flip] = (await diff(at, '--json')).json().decisions?.flips ?? [];
  assert.deepEqual([flip?.before.code, flip?.after.code], ['org_allow', 'default_deny']);
});

test('a domain that was not governed yet is not taken for one that was', async (t) => {
  const at = place(t, { preset: 'open' });
  enrol(at.state, { revision: 'r1', policies: [], syncedAt: 1_000, governed: [] });
  enrol(at.state, { revision: 'r2', policies: [rules('b.example')], syncedAt: 2_000 });
  await asked(at.state, [answerText('a.example')]);
  const [flip] = (await diff(at, '--json')).json().decisions?.flips ?? [];
  assert.deepEqual([flip?.before.code, flip?.after.code], ['preset_allow', 'default_deny']);
});

test('what was looked at is bounded, and what was not is counted', async (t) => {
  const at = place(t);
  enrol(at.state, { revision: 'r1', policies: [rules('h1.example')] });
  enrol(at.state, { revision: 'r2', policies: [rules('h2.example')] });
  const path = { action: 'read', path: '/x' };
  await asked(at.state, [
    answerText('h1.example'),
    answerText('h2.example'),
    answerText('h2.example'),
    answerText('', { request: path, decision: 'deny', code: 'unresolvable_path' }),
    answerText('', { request: undefined, decision: 'deny', code: 'invalid_request' }),
  ]);
  const { decisions } = (await diff(at, '--limit', '1', '--json')).json();
  assert.deepEqual(
    [decisions?.['requests'], decisions?.['decisions'], decisions?.['left_out'], decisions?.['unusable']],
    [1, 2, 1, 2],
  );
  assert.match((await diff(at, '--limit', '1')).stdout, /; 1 more were left out, 2 cannot be asked again\n/);
  const none = (await diff(at, '--since', '1s', '--json', '--limit', '100')).json();
  assert.ok(Number(none.decisions?.['requests']) <= 2);
  for (const wrong of [
    ['--limit', '0'],
    ['--limit', '1000000'],
    ['--since', 'yesterday'],
  ]) {
    assert.equal((await diff(at, ...wrong)).code, 2, wrong.join(' '));
  }
});

test('the rules alone need no log, and a log that cannot be read is said', async (t) => {
  const at = place(t);
  enrol(at.state, { revision: 'r1', policies: [rules('h1.example')] });
  const first = await diff(at, '--no-decisions', '--json');
  assert.deepEqual([first.code, first.json().before, first.json().decisions], [0, null, null]);
  assert.deepEqual(
    first.json().policies.map(({ kind }) => kind),
    ['added'],
  );
  writeFileSync(join(at.state, 'log.db'), 'x'.repeat(9_000));
  const broken = await diff(at);
  assert.deepEqual([broken.code, /the decision log cannot be read/.test(broken.stderr)], [1, true]);
  writeFileSync(join(at.state, 'policy.db'), 'x'.repeat(9_000));
  const damaged = await diff(at, '--no-decisions');
  assert.deepEqual([damaged.code, /the stored policy cannot be read/.test(damaged.stderr)], [1, true]);
});

test('before any policy there is nothing, and nothing is allowed', async (t) => {
  const at = place(t);
  enrol(at.state, { revision: 'r1', policies: [rules('a.example')] });
  await asked(at.state, [answerText('a.example')]);
  const told = await diff(at, '--json');
  const [flip] = told.json().decisions?.flips ?? [];
  assert.deepEqual([flip?.before.code, flip?.after.code], ['no_policy', 'org_allow']);
  assert.match((await diff(at)).stdout, /^no policy → revision r1\n/);
});

test('who made the revisions, why and under which ticket stands below their names', async (t) => {
  const at = place(t);
  const file = (name: string, members: object): void =>
    writeFileSync(join(at.root, name), JSON.stringify(bundleDocument({ policies: [egressPolicy()], ...members })));
  enrol(at.state);
  const change = { by: 'alice', at: '2026-05-01T00:00:00Z', reason: 'the mirror\nmoved', ticket: 'T-1' };
  file('old.json', { change });
  file('new.json', {
    revision: '8',
    change: { by: 'bob', at: '2026-05-02T00:00:00Z', reason: 'the audit', ticket: 'T-2' },
  });
  const told = await diff(at, join(at.root, 'old.json'), join(at.root, 'new.json'), '--no-decisions');
  assert.deepEqual(told.stdout.split('\n').slice(0, 2), [
    'revision 7 → revision 8',
    'change: 2026-05-01T00:00:00Z by alice (T-1): the mirror\ufffdmoved → 2026-05-02T00:00:00Z by bob (T-2): the audit',
  ]);
  assert.match(
    (await diff(at, 'active', join(at.root, 'new.json'), '--no-decisions')).stdout,
    /^.* → revision 8\nchange: none → 2026-05-02T00:00:00Z by bob \(T-2\): the audit\n/,
  );
});

test('a repository in the place of a bundle is told which command compares those', async (t) => {
  const at = place(t);
  enrol(at.state, { revision: 'r1', policies: [rules('a.example')] });
  for (const name of [at.local, 'https://policy.example.com']) {
    const { code, stderr } = await diff(at, name);
    assert.equal(code, 1);
    assert.match(stderr, /is no bundle file.*\nhint: .*`reeve bundle diff`/);
  }
});
