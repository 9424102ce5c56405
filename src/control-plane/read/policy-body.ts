import { done, failure, invalid, type Outcome } from '../outcome.ts';
import type { PolicyChange, PolicyContent } from '../store/policies.ts';
import { readMembers } from './members.ts';
import { readName, readTeams } from './text.ts';

const POLICY_MEMBERS = { optional: ['scope'], subject: 'the body' } as const;
const SCOPE_MEMBERS = { required: [], optional: ['teams'], subject: '`scope`' } as const;

/** `CreatePolicyRequest`. */
export function readNewPolicy(body: unknown): Outcome<PolicyContent> {
  const elsewhere = ruleSetFailure(body);
  if (elsewhere !== null) return elsewhere;
  const members = readMembers(body, { ...POLICY_MEMBERS, required: ['name'] });
  if (members.kind === 'failure') return members;
  const name = readName(members.value['name']);
  if (name.kind === 'failure') return name;
  const scope = readScope(members.value);
  if (scope.kind === 'failure') return scope;
  return done({ name: name.value, teams: scope.value ?? [] });
}

/** `UpdatePolicyRequest`: what is absent stays; a list that is present replaces the old one, an empty one clears it. */
export function readPolicyChange(body: unknown): Outcome<PolicyChange> {
  const elsewhere = ruleSetFailure(body);
  if (elsewhere !== null) return elsewhere;
  const members = readMembers(body, { required: [], optional: ['name', 'scope'], subject: 'the body' });
  if (members.kind === 'failure') return members;
  if (Object.keys(members.value).length === 0) return invalid('at least one of `name` and `scope` must be present');
  const scope = readScope(members.value);
  if (scope.kind === 'failure') return scope;
  const teams = scope.value === null ? {} : { teams: scope.value };
  if (!('name' in members.value)) return done(teams);
  const name = readName(members.value['name']);
  return name.kind === 'failure' ? name : done({ ...teams, name: name.value });
}

/** The teams of a `Scope` or `ScopePatch`; null where they are not given. */
function readScope(members: Readonly<Record<string, unknown>>): Outcome<readonly string[] | null> {
  if (!('scope' in members)) return done(null);
  const scope = readMembers(members['scope'], SCOPE_MEMBERS);
  if (scope.kind === 'failure') return scope;
  return 'teams' in scope.value ? readTeams(scope.value['teams']) : done(null);
}

/** Rule sets are not written with the policy; two mistakes that deserve better than "unknown member". */
function ruleSetFailure(body: unknown) {
  if (typeof body !== 'object' || body === null) return null;
  if (Object.hasOwn(body, 'cedar_v1')) {
    return failure(
      'unimplemented',
      'policies of type `cedar_v1` are not supported: write network and filesystem rules',
    );
  }
  if (Object.hasOwn(body, 'allowlist_v0')) {
    return invalid('`allowlist_v0` is not written with the policy: add its rules one by one at `/rules` below it');
  }
  return null;
}
