import assert from 'node:assert/strict';
import { compile } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import type { Answer } from '../../src/policy/decision.ts';
import { type Explanation, explain } from '../../src/policy/explain.ts';
import type { HostFacts, LocalFileInput, PolicySet } from '../../src/policy/policy-set.ts';
import { type FilesystemRequest, type Request, readRequest } from '../../src/policy/request.ts';
import { type Snapshot, ttlAt } from '../../src/policy/snapshot.ts';
import { emptySet } from '../support/policy-sets.ts';

export const NOW = Date.parse('2026-06-01T12:00:00Z');

export type SetChanges = Partial<Omit<PolicySet, 'host'>> & { readonly host?: Partial<HostFacts> };

/** An empty policy set, governed by nobody, with `changes` made to it. */
export function setOf({ host, ...changes }: SetChanges = {}): PolicySet {
  const set = emptySet({ revision: 'r1', now: NOW, verifiedNow: NOW, ...changes });
  return { ...set, host: { ...set.host, ...host } };
}

export const BOTH = { network: true, filesystem: true } as const;

export type RawRule = Readonly<Record<string, unknown>>;

export function rule(decision: string, actions: readonly string[], ...resources: readonly string[]): RawRule {
  return { id: `${decision} ${resources.join(' ')}`, decision, actions, resources };
}

/** A rule for `connect:tcp`. */
export const allow = (...resources: readonly string[]): RawRule => rule('allow', ['connect:tcp'], ...resources);
export const deny = (...resources: readonly string[]): RawRule => rule('deny', ['connect:tcp'], ...resources);
/** A rule for `read`. */
export const allowRead = (...resources: readonly string[]): RawRule => rule('allow', ['read'], ...resources);
export const denyRead = (...resources: readonly string[]): RawRule => rule('deny', ['read'], ...resources);

export function policy(rules: readonly unknown[], members: RawRule = {}): RawRule {
  return { id: 'p1', name: 'first', ...members, allowlist_v0: { rules } };
}

export function localFile(rules: readonly unknown[], more: Partial<LocalFileInput> = {}): LocalFileInput {
  return { name: '10-mine.yaml', uid: null, rules, ...more };
}

export function snapshotOf(set: PolicySet, generation = 7): Snapshot {
  const compiled = compile(set);
  return { policy: compiled, generation, ttlMs: ttlAt(compiled, set.now) };
}

/** Any native request; a path counts as resolved unless `real` or `resolved` is given. */
export function requestOf(fields: RawRule): Request {
  const settled = 'path' in fields && !('real' in fields) && !('resolved' in fields) ? { resolved: true } : {};
  const reading = readRequest({ ...fields, ...settled });
  assert.ok(reading.kind === 'request', JSON.stringify(reading));
  return reading.request;
}

export function unresolved(fields: RawRule): FilesystemRequest {
  const reading = readRequest(fields);
  assert.ok(reading.kind === 'request' && reading.request.kind === 'filesystem', JSON.stringify(reading));
  return reading.request;
}

export function ask(set: PolicySet, fields: RawRule, uid: number | null = 1000): Answer {
  return decide(snapshotOf(set), requestOf(fields), { uid });
}

/** `code`, with the rule's own resource where a rule decided. */
export function outcome(set: PolicySet, fields: RawRule, uid: number | null = 1000): string {
  const { code, rule: by } = ask(set, fields, uid);
  return by === undefined ? code : `${code} ${by.resource}`;
}

export function explained(set: PolicySet, fields: RawRule, uid: number | null = 1000, most?: number): Explanation {
  return explain(snapshotOf(set), requestOf(fields), { uid }, most);
}

export function connect(host: string, port = 443, more: RawRule = {}): RawRule {
  return { action: 'connect:tcp', host, port, ...more };
}

/** By addresses alone. */
export function dial(ip: string | readonly string[], port = 443): RawRule {
  return { action: 'connect:tcp', ip, port };
}

export function reading(path: string, more: RawRule = {}): RawRule {
  return { action: 'read', path, ...more };
}
