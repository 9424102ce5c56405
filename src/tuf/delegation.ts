import { shown } from '../base/shown.ts';
import { MAX_DELEGATED_ROLES, MAX_DELEGATION_DEPTH } from './limits.ts';
import { type ListedFile, readListed } from './listed-file.ts';
import { isTargetPath } from './target-path.ts';
import type { TargetsFile } from './targets-file.ts';
import { TufError } from './tuf-error.ts';

/** A role whose file is wanted next. */
export interface RoleWanted {
  readonly role: string;
  readonly delegator: TargetsFile;
}

/** A target as a role lists it that may. */
export interface Target {
  readonly path: string;
  readonly role: string;
  readonly listed: ListedFile;
  /** What its publisher says about it, so far as it is an object. */
  readonly custom: Readonly<Record<string, unknown>>;
}

interface Visit extends RoleWanted {
  readonly depth: number;
}

/**
 * Looks for a target in the order of delegations, depth first (TUF 5.6.7). Asks for the file of one role after the
 * other; whoever drives it answers with the verified file, from the network or from what is stored.
 */
export function* findTarget(top: TargetsFile, path: string): Generator<RoleWanted, Target, TargetsFile> {
  if (!isTargetPath(path)) throw noSuchTarget(`${shown(path)} cannot be a target's name`);
  const found = targetIn(top, path);
  if (found !== null) return found;
  const seen = new Set([top.role]);
  const open: Visit[] = delegatedBy(top, path, 1).roles;
  for (let visit = open.shift(); visit !== undefined; visit = open.shift()) {
    // cycles
    if (seen.has(visit.role)) continue;
    seen.add(visit.role);
    if (visit.depth > MAX_DELEGATION_DEPTH || seen.size > MAX_DELEGATED_ROLES) {
      throw noSuchTarget(`${shown(path)} lies behind too many delegations`);
    }
    const file = yield { role: visit.role, delegator: visit.delegator };
    const target = targetIn(file, path);
    if (target !== null) return target;
    const { roles, ends } = delegatedBy(file, path, visit.depth + 1);
    // a terminating delegation ends the search beyond itself
    if (ends) open.length = 0;
    open.unshift(...roles);
  }
  throw noSuchTarget(`no role that may lists ${shown(path)}: see \`source.target\``);
}

function delegatedBy(delegator: TargetsFile, path: string, depth: number): { roles: Visit[]; ends: boolean } {
  const roles: Visit[] = [];
  for (const { role, terminating } of delegator.model.signed.delegations?.rolesForTarget(path) ?? []) {
    roles.push({ role, delegator, depth });
    if (terminating) return { roles, ends: true };
  }
  return { roles, ends: false };
}

function targetIn({ model, role }: TargetsFile, path: string): Target | null {
  const { targets } = model.signed;
  const entry = Object.hasOwn(targets, path) ? targets[path] : undefined;
  if (entry === undefined) return null;
  // a target has no version of its own
  const listed = readListed({ version: 1, length: entry.length, hashes: entry.hashes }, role, `\`${path}\``);
  return { path, role, listed, custom: entry.custom };
}

function noSuchTarget(what: string): TufError {
  return new TufError('no_such_target', 'targets', what);
}
