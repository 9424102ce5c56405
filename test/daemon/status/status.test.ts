import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DecisionLogState } from '../../../src/audit/decision-log.ts';
import { NO_FACTS, NO_REPORT, reportOf } from '../../../src/daemon/policy/policy-report.ts';
import { type StatusInputs, statusOf } from '../../../src/daemon/status/status.ts';
import { logWarnings } from '../../../src/daemon/status/status-warnings.ts';
import { compile } from '../../../src/policy/compile.ts';
import type { SourceStatus, SourceType } from '../../../src/sources/source.ts';
import type { Stage } from '../../../src/sources/source-failure.ts';
import { allow, deny, localFile, NOW, policy, type SetChanges, setOf } from '../../policy/asking.ts';

const FACTS: StatusInputs['facts'] = { ...NO_FACTS, organisation: 'acme', confirmedAt: NOW - 90_500 };

function sourceOf(org: string): NonNullable<StatusInputs['configuredSource']> {
  const shared = { org, teams: null, governs: {}, trustedFiles: [] };
  return { type: 'governance', ...shared, baseUrl: 'https://policy.example.com:8443/secret/v2', credentialFile: '/x' };
}

function sourceStatus(state: SourceStatus['state']): SourceStatus {
  return {
    ...({ type: 'governance', state, last_success: null, last_error: null, next_attempt: null } as const),
    runs: { activated: 0, unchanged: 0, waiting: 0, failed: 0 },
    ...{ pending_absences: [], details: {}, warnings: [] },
  };
}

function failingWith(type: SourceType, stage: Stage, code: string): SourceStatus {
  return { ...sourceStatus('failing'), type, last_error: { stage, code, message: 'x', at: '2026-06-01T12:00:00Z' } };
}

function inputs(set: SetChanges | null, more: Partial<StatusInputs> = {}): StatusInputs {
  const compilation = set === null ? null : compile(setOf(set));
  return {
    version: '1.2.3',
    startedAt: NOW - 60_000,
    now: NOW,
    snapshot: compilation === null ? null : { policy: compilation, generation: 4, ttlMs: 0 },
    configuredSource: null,
    facts: FACTS,
    report: compilation === null ? NO_REPORT : reportOf(compilation),
    trouble: null,
    preset: 'locked-down',
    decisionLog: null,
    peerCredentials: 'available',
    reloadRefusal: null,
    socketTroubles: [],
    ...more,
  };
}

describe('the status', () => {
  test('says what serves, since when, and how old it is', () => {
    const status = statusOf(
      inputs({ policies: [policy([allow('a.example')])], local: [localFile([allow('b.example')])] }),
    );
    assert.deepEqual(
      [status.version, status.pid, status.started_at, status.ready, status.revision, status.generation],
      ['1.2.3', process.pid, '2026-06-01T11:59:00.000Z', true, 'r1', 4],
    );
    assert.deepEqual(status.domains, {
      network: { governed: true, delegated: false, mode: 'enforce', closed: null },
      filesystem: { governed: false, delegated: false, mode: 'enforce', closed: null },
    });
    assert.deepEqual(status.staleness, {
      state: 'fresh',
      age_seconds: 91,
      confirmed_at: '2026-06-01T11:58:29.500Z',
      next: { state: 'warn', at: '2026-06-02T11:58:29.500Z' },
    });
    assert.deepEqual(status.rules, { active: 1, inactive: 1, local: { active: 0, inactive: 1 } });
    assert.equal(status.rollback_protection, false);
  });

  test('before there is a snapshot is not ready, and governs nothing', () => {
    const status = statusOf(inputs(null, { facts: { ...FACTS, confirmedAt: null } }));
    assert.deepEqual([status.ready, status.revision, status.generation, status.domains], [false, 'none', 0, {}]);
    assert.deepEqual(status.staleness, { state: 'fresh', age_seconds: null, confirmed_at: null, next: null });
  });

  test('names what closes a domain for everybody, and not what closes it for one user', () => {
    const reason = 'no policy has arrived';
    const broken = localFile([], { uid: 1000, broken: 'does not parse' });
    const closed = { network: { code: 'no_policy', reason } } as const;
    const { domains } = statusOf(inputs({ closed, local: [broken] }));
    assert.deepEqual(domains['network']?.closed, { code: 'no_policy', reason });
    assert.equal(domains['filesystem']?.closed, null);
  });

  test('shows delegation and monitor mode as they are in force', () => {
    const on = { policies: [policy([allow('a.example')])], delegated: { network: true }, monitored: { network: true } };
    const network = (staleness: 'fresh' | 'restrict'): unknown =>
      statusOf(inputs({ ...on, staleness })).domains['network'];
    assert.deepEqual(network('fresh'), { governed: true, delegated: true, mode: 'monitor', closed: null });
    assert.deepEqual(network('restrict'), { governed: true, delegated: false, mode: 'enforce', closed: null });
  });

  test('warns of an age that costs something, of local files and of rules that do not count', () => {
    const codes = (set: SetChanges, more: Partial<StatusInputs> = {}): string[] =>
      statusOf(inputs(set, more)).warnings.map(({ code }) => code);
    assert.deepEqual(codes({ policies: [policy([allow('a.example')])] }), []);
    for (const staleness of ['warn', 'restrict', 'block'] as const) {
      assert.deepEqual(codes({ policies: [policy([allow('a.example')])], staleness }), ['policy_aging']);
    }
    assert.deepEqual(codes({}, { facts: { ...FACTS, localWarnings: ['/x cannot be entered'] } }), ['local_files']);
    assert.deepEqual(codes({ policies: [policy([deny('a..b')])] }), ['rule_unparsable']);
  });

  test('says why no policy is made, and names the organisation of the configuration first', () => {
    const status = statusOf(inputs({}, { trouble: 'out of memory', configuredSource: sourceOf('other') }));
    assert.deepEqual(status.warnings, [
      {
        code: 'policy_thread_lost',
        severity: 'fault',
        message: 'no policy is made at the moment, and the last one serves: out of memory; it is tried again',
        remedy: 'mend what the message names, or restart the daemon; `reeve doctor` tests its parts',
      },
    ]);
    assert.deepEqual([status.organisation, statusOf(inputs({})).organisation], ['other', 'acme']);
  });

  test('counts an age by the time that the policy is judged by: a clock that was set back makes nothing younger', () => {
    const before = { ...FACTS, notBefore: NOW + 3_600_000 };
    const { age_seconds: age, next } = statusOf(inputs({}, { facts: before })).staleness;
    assert.deepEqual([age, next?.at], [91 + 3_600, '2026-06-02T11:58:29.500Z']);
    // a clock that has passed that time counts again
    assert.equal(statusOf(inputs({}, { facts: { ...FACTS, notBefore: NOW - 1 } })).staleness.age_seconds, 91);
  });

  test('warns of a reload that was refused, of a socket that is lost, and of a tree that is not the machine’s', () => {
    const warned = (more: Partial<StatusInputs>): unknown =>
      statusOf(inputs({}, more)).warnings.map(({ code, severity, message }) => [code, severity, message]);
    assert.deepEqual(warned({ reloadRefusal: 'there is no file' }), [
      ['config_not_reloaded', 'fault', 'the configuration file was not taken up: there is no file'],
    ]);
    assert.deepEqual(warned({ socketTroubles: ['something else stands there'] }), [
      ['socket_lost', 'fault', 'something else stands there'],
    ]);
    const differ = ['/srv', '/tmp'];
    assert.deepEqual(warned({ facts: { ...FACTS, mounts: { kind: 'compared', differ } } }), [
      ['mounts_differ', 'fault', 'below `/srv` and 1 more the daemon sees other files than the rest of the machine'],
    ]);
    const unknown = statusOf(inputs({}, { facts: { ...FACTS, mounts: { kind: 'unknown', reason: 'hidden' } } }));
    assert.deepEqual(unknown.mounts, { compared: false, differ: [], differ_count: 0 });
    assert.deepEqual(
      unknown.warnings.map(({ code, severity }) => [code, severity]),
      [['mounts_unknown', 'notice']],
    );
  });

  test('lists fifty warnings of rules and says how many more there are', () => {
    const rules = Array.from({ length: 120 }, (_, index) => deny(`bad..${index}`));
    const { warnings } = statusOf(inputs({ policies: [policy(rules)] }));
    assert.equal(warnings.length, 51);
    assert.deepEqual(warnings.at(-1), {
      code: 'more_warnings',
      severity: 'notice',
      message: '70 more: see `reeve rules ls --include-inactive`',
      remedy: '`reeve rules ls --include-inactive` has all of them',
    });
  });

  test('names its state by the worst that holds', () => {
    const org = { policies: [policy([allow('a.example')])] };
    const state = (set: SetChanges | null, more: Partial<StatusInputs> = {}): string =>
      statusOf(inputs(set, more)).state;
    const failing = { facts: { ...FACTS, source: sourceStatus('failing') } };
    const closed = { network: { code: 'no_policy', reason: 'none has arrived' } } as const;
    assert.equal(state(null), 'not_ready');
    assert.equal(state({ ...org, closed, staleness: 'warn' }, failing), 'blocked');
    assert.equal(state({ ...org, staleness: 'block' }), 'blocked');
    for (const staleness of ['warn', 'restrict'] as const) assert.equal(state({ ...org, staleness }, failing), 'stale');
    assert.equal(state(org, { ...failing, trouble: 'out of memory' }), 'offline');
    assert.equal(state(org, { trouble: 'out of memory' }), 'degraded');
    // what is only worth knowing makes nothing worse
    assert.equal(state(org, { peerCredentials: 'koffi is not installed' }), 'healthy');
    assert.equal(state({}, { facts: { ...FACTS, source: sourceStatus('ok') } }), 'healthy');
  });

  test('a source that answers and is not believed is not one that cannot be asked', () => {
    const org = { policies: [policy([allow('a.example')])] };
    const state = (stage: Stage, code: string): string =>
      statusOf(inputs(org, { facts: { ...FACTS, source: failingWith('tuf', stage, code) } })).state;
    const unasked = ['network', 'deadline', 'http_status', 'not_json', 'credential_refused', 'a_newer_code'];
    for (const code of unasked) assert.equal(state('fetch', code), 'offline', code);
    for (const code of ['absent', 'too_large', 'unexpected_answer']) assert.equal(state('fetch', code), 'not_accepted');
    for (const code of ['bad_signature', 'expired', 'rollback']) assert.equal(state('verify', code), 'not_accepted');
    for (const stage of ['store', 'compile', 'activate'] as const) assert.equal(state(stage, 'x'), 'not_accepted');
  });

  test('what to do about a policy that ages follows from its source, and from how that stands', () => {
    const remedy = (source: SourceStatus | null): string => {
      const set = { policies: [policy([allow('a.example')])], staleness: 'restrict' } as const;
      const { warnings } = statusOf(inputs(set, { facts: { ...FACTS, source } }));
      return warnings.find(({ code }) => code === 'policy_aging')?.remedy ?? 'none';
    };
    assert.match(remedy(null), /^name a policy source/);
    const reach = /^see that this machine reaches its policy source/;
    for (const type of ['governance', 'tuf'] as const) {
      assert.match(remedy(failingWith(type, 'fetch', 'network')), reach);
      assert.match(remedy(failingWith(type, 'verify', 'expired')), /source answers.*whoever publishes has to mend it$/);
    }
    assert.match(remedy({ ...sourceStatus('ok'), type: 'tuf' }), /^whoever publishes has to sign anew/);
    assert.match(remedy({ ...sourceStatus('ok'), type: 'file' }), /^put a newer bundle in the place of the file/);
    assert.match(remedy(failingWith('file', 'fetch', 'file_unreadable')), /^see that the daemon can read the file/);
    assert.match(remedy(failingWith('file', 'verify', 'bad_signature')), /^see the last error: the file is there/);
    for (const state of ['ok', 'failing'] as const) {
      assert.doesNotMatch(remedy({ ...sourceStatus(state), type: 'file' }), /reach/, 'a file is nowhere to be reached');
    }
  });

  test('tells where the policy comes from, and of a URL no more than whom it names', () => {
    const facts = { ...FACTS, source: sourceStatus('ok') };
    const { source } = statusOf(inputs({}, { configuredSource: sourceOf('acme'), facts }));
    assert.equal(source?.location, 'policy.example.com:8443');
    assert.equal(statusOf(inputs({}, { facts })).source?.location, null);
  });
});

test('a log that works again is no fault any more, and what happened stays known', () => {
  const state: DecisionLogState = {
    ...({ recorded: 2, written: 1, dropped: 0, lost: 1, queued: 0, head: null } as const),
    ...{ failing: true, lastError: { message: 'disk full', at: 0 } },
  };
  const codesOf = (log: DecisionLogState): readonly string[] => logWarnings(log).map(({ code }) => code);
  assert.deepEqual(codesOf(state), ['decision_log']);
  assert.deepEqual(codesOf({ ...state, failing: false }), ['decision_log_was_failing']);
  assert.match(logWarnings({ ...state, failing: false })[0]?.message ?? '', /works again; at 1970-.*: disk full$/);
  assert.deepEqual(codesOf({ ...state, failing: false, lastError: null }), []);
});
