import { quoted } from '../http/problem.ts';
import type { Database } from '../store/database.ts';
import { ControlPlaneError } from './control-plane-error.ts';
import { assertOrgName, assertTeamId } from './team-id.ts';

/**
 * Teams are registered so that a mistyped id is refused when a policy is scoped to it. An org that has registered
 * none may scope its policies to any id: teams then live wherever the machines' own configuration comes from.
 */
export function registerTeam(database: Database, org: string, id: string): void {
  assertOrgName(org);
  assertTeamId(id);
  database.prepare('INSERT OR IGNORE INTO teams (org, id) VALUES (?, ?)').run(org, id);
}

export function listTeams(database: Database, org: string): readonly string[] {
  return database
    .prepare<[string], { id: string }>('SELECT id FROM teams WHERE org = ? ORDER BY id')
    .all(org)
    .map((row) => row.id);
}

/** Policies scoped to the team stay as they are. Throws `team_not_found`. */
export function removeTeam(database: Database, org: string, id: string): void {
  const { changes } = database.prepare('DELETE FROM teams WHERE org = ? AND id = ?').run(org, id);
  if (changes > 0) return;
  throw new ControlPlaneError('team_not_found', `org ${quoted(org)} has no team ${quoted(id)}: list its teams`);
}

/** The first of `ids` that is no team of the org, or null. */
export function unknownTeam(database: Database, org: string, ids: readonly string[]): string | null {
  if (ids.length === 0) return null;
  const registered = new Set(listTeams(database, org));
  if (registered.size === 0) return null;
  return ids.find((id) => !registered.has(id)) ?? null;
}
