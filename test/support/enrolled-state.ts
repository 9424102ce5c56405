import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Domain } from '../../src/policy/action.ts';
import { openHighWaterMark } from '../../src/sources/high-water-mark.ts';
import { createBundleStore } from '../../src/store/bundle-store.ts';
import { openDatabase } from '../../src/store/database.ts';
import { openMarkFile } from '../../src/store/mark-file.ts';
import { POLICY_MIGRATIONS } from '../../src/store/policy-migrations.ts';
import type { SyncRecord } from '../../src/store/sync-rows.ts';

/** A policy of `acme` that lets one host be reached. */
export function egressPolicy(host = 'a.example', more: object = {}): object {
  return {
    id: 'pol_1',
    name: 'Egress',
    org: 'acme',
    updated_at: '2026-06-01T00:00:00Z',
    allowlist_v0: {
      domain: 'network',
      rules: [{ id: 'r1', decision: 'allow', actions: ['connect:tcp'], resources: [host] }],
    },
    ...more,
  };
}

export interface Enrolment {
  readonly revision?: string;
  readonly policies?: readonly unknown[];
  /** When its last sync ended; now without it. */
  readonly syncedAt?: number;
  /** The domains that its policies govern. */
  readonly governed?: readonly Domain[];
}

/** A state directory in which a governance policy of `acme` is active. Called again, it becomes the next one. */
export function enrol(directory: string, enrolment: Enrolment = {}): void {
  const {
    revision = 'sha256:1',
    policies = [egressPolicy()],
    syncedAt = Date.now(),
    governed = ['network'],
  } = enrolment;
  const database = openDatabase(join(directory, 'policy.db'), POLICY_MIGRATIONS);
  try {
    const store = createBundleStore(database);
    const candidate = store.putCandidate({
      ...{ source: 'governance', org: 'acme', revision, etag: null, terms: null, origin: null },
      fetchedAt: syncedAt,
      policies,
    });
    const header = store.candidate();
    assert.ok(header !== null);
    const sync: SyncRecord = { completedAt: syncedAt, verifiedTime: null, cache: [], absences: [] };
    store.activate(candidate, { at: syncedAt, governed, sync });
    openHighWaterMark(openMarkFile(join(directory, 'mark'))).commit(header, null);
  } finally {
    database.close();
  }
}
