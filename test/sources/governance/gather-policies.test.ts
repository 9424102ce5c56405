import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherPolicies } from '../../../src/sources/governance/gather-policies.ts';
import type { GovernanceApi } from '../../../src/sources/governance/governance-api.ts';

test('a server that never has enough is left long before its policies fill the memory', async () => {
  const updatedAt = '2026-05-01T00:00:00Z';
  const description = 'x'.repeat(4_000_000);
  const summaries = Array.from({ length: 1_000 }, (_, index) => ({
    id: `pol_${index}`,
    name: 'large',
    org: 'acme',
    type: 'allowlist_v0',
    updated_at: updatedAt,
  }));
  let gets = 0;
  const api: GovernanceApi = {
    list: () => Promise.resolve({ summaries, startedAt: 0, serverTime: null }),
    get: (id) => {
      gets += 1;
      return Promise.resolve({ id, org: 'acme', updated_at: updatedAt, description });
    },
  };
  const gathering = gatherPolicies({
    api,
    expected: { org: 'acme', ignoreMembers: [] },
    cached: new Map(),
    memory: { last: null },
    signal: new AbortController().signal,
  });
  await assert.rejects(gathering, { code: 'too_large', stage: 'fetch' });
  assert.ok(gets <= 25, `${gets} policies of 4 MB were taken in`);
});
