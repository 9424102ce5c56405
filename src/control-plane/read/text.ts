import { quoted } from '../../http/problem.ts';
import { MAX_NAME_CHARACTERS } from '../limits.ts';
import { done, invalid, type Outcome } from '../outcome.ts';
import { teamIdFault } from '../team-id.ts';

const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** The name of a policy or rule: kept as it was sent. */
export function readName(value: unknown): Outcome<string> {
  if (typeof value !== 'string') return invalid('`name` must be a string');
  if (value.trim() === '') return invalid('`name` must not be empty');
  if (value.length > MAX_NAME_CHARACTERS) return invalid(`\`name\` has at most ${MAX_NAME_CHARACTERS} characters`);
  if (UNPRINTABLE.test(value)) return invalid('`name` must not hold control characters or line breaks');
  return done(value);
}

export function readStrings(value: unknown, member: string): Outcome<readonly string[]> {
  if (!Array.isArray(value)) return invalid(`\`${member}\` must be an array of strings`);
  const strings: string[] = [];
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'string') return invalid(`\`${member}[${index}]\` must be a string`);
    strings.push(item);
  }
  return done(strings);
}

export function readTeams(value: unknown): Outcome<readonly string[]> {
  const teams = readStrings(value, 'scope.teams');
  if (teams.kind === 'failure') return teams;
  const seen = new Set<string>();
  for (const id of teams.value) {
    const fault = teamIdFault(id);
    if (fault !== null) return invalid(`\`scope.teams\`: ${fault}`);
    if (seen.has(id)) return invalid(`\`scope.teams\` names ${quoted(id)} twice: name each team once`);
    seen.add(id);
  }
  return teams;
}
