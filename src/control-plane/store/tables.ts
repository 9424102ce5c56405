import type { Clock } from '../../base/clock.ts';
import type { Database } from '../../store/database.ts';
import type { PolicyRow, RuleRow } from './rows.ts';

export type Tables = ReturnType<typeof openTables>;

/** Every statement about policies and rules, prepared once. */
export function openTables(database: Database, clock: Clock) {
  return {
    now: (): number => clock.now(),
    /** One write is one transaction, begun as a writer: what it reads first cannot change under it. */
    write: <Value>(work: () => Value): Value => database.transaction(work).immediate(),
    read: <Value>(work: () => Value): Value => database.transaction(work)(),
    ...policyStatements(database),
    ...ruleStatements(database),
  };
}

function policyStatements(database: Database) {
  return {
    page: database.prepare<[string, string, number], PolicyRow>(
      'SELECT * FROM policies WHERE org = ? AND id > ? ORDER BY id LIMIT ?',
    ),
    policy: database.prepare<[string, string], PolicyRow>('SELECT * FROM policies WHERE org = ? AND id = ?'),
    policyNamed: database.prepare<[string, string], PolicyRow>('SELECT * FROM policies WHERE org = ? AND name = ?'),
    countPolicies: database.prepare<[string], { n: number }>('SELECT count(*) AS n FROM policies WHERE org = ?'),
    insertPolicy: database.prepare<PolicyRow>(
      'INSERT INTO policies (id, org, name, teams, created_at, updated_at) VALUES (@id, @org, @name, @teams, @created_at, @updated_at)',
    ),
    updatePolicy: database.prepare<[string, string, number, string]>(
      'UPDATE policies SET name = ?, teams = ?, updated_at = ? WHERE id = ?',
    ),
    deletePolicy: database.prepare<[string]>('DELETE FROM policies WHERE id = ?'),
  };
}

function ruleStatements(database: Database) {
  return {
    rules: database.prepare<[string], RuleRow>('SELECT * FROM rules WHERE policy_id = ? ORDER BY position'),
    lastPosition: database.prepare<[string], { n: number | null }>(
      'SELECT max(position) AS n FROM rules WHERE policy_id = ?',
    ),
    insertRule: database.prepare<RuleRow>(
      'INSERT INTO rules (id, policy_id, position, name, decision, actions, resources) VALUES (@id, @policy_id, @position, @name, @decision, @actions, @resources)',
    ),
    updateRule: database.prepare<[string, string, string, string, string]>(
      'UPDATE rules SET name = ?, decision = ?, actions = ?, resources = ? WHERE id = ?',
    ),
    deleteRule: database.prepare<[string]>('DELETE FROM rules WHERE id = ?'),
  };
}
