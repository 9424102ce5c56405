import { quoted } from '../http/problem.ts';
import { ControlPlaneError } from './control-plane-error.ts';
import { MAX_TEAM_ID_CHARACTERS } from './limits.ts';

const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

/** Null, or why `id` cannot be a team's id. Ids come from elsewhere (UUIDs, numbers, names): any short text will do. */
export function teamIdFault(id: string): string | null {
  if (id.trim() === '') return 'a team id must not be empty';
  if (id.length > MAX_TEAM_ID_CHARACTERS) return `a team id has at most ${MAX_TEAM_ID_CHARACTERS} characters`;
  return UNPRINTABLE.test(id) ? 'a team id must not hold control characters' : null;
}

export function assertTeamId(id: string): void {
  const fault = teamIdFault(id);
  if (fault !== null) throw new ControlPlaneError('invalid_team', `${quoted(id)}: ${fault}`);
}

const ORG_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

export function assertOrgName(org: string): void {
  if (ORG_NAME.test(org)) return;
  const message = `org ${quoted(org)} does not work: use up to 63 lower-case letters, digits, \`-\` and \`_\`, a letter or digit first`;
  throw new ControlPlaneError('invalid_credential', message);
}
