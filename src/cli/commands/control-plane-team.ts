import { type Command, firstArgument } from '../command.ts';
import {
  DATABASE_OPTION,
  EXISTING_DATABASE_OPTION,
  ORG_OPTION,
  required,
  withDatabase,
  withExistingDatabase,
} from './control-plane-database.ts';

const TEAM_ARGUMENT = { name: '<team>', description: 'team id' };

export const teamAdd: Command = {
  path: ['control-plane', 'team', 'add'],
  summary: 'register a team, so that a mistyped id in a policy’s scope is refused',
  description: 'while an organisation has registered none, its policies may be scoped to any id.',
  arguments: [TEAM_ARGUMENT],
  options: [DATABASE_OPTION, ORG_OPTION],
  examples: ['reeve control-plane team add platform --database cp.db --org example'],
  async run({ output }, input) {
    const { registerTeam } = await import('../../control-plane/teams.ts');
    const [team, org] = [firstArgument(input), required(input, 'org')];
    await withDatabase(input, (database) => registerTeam(database, org, team));
    output.result({ org, team }, () => [`registered ${team}`]);
    return 0;
  },
};

export const teamLs: Command = {
  path: ['control-plane', 'team', 'ls'],
  summary: 'list the teams of an organisation',
  options: [EXISTING_DATABASE_OPTION, ORG_OPTION],
  examples: ['reeve control-plane team ls --database cp.db --org example'],
  async run({ output }, input) {
    const { listTeams } = await import('../../control-plane/teams.ts');
    const teams = await withExistingDatabase(input, (database) => listTeams(database, required(input, 'org')));
    output.result(teams, () => (teams.length === 0 ? ['no teams: policies may be scoped to any id'] : teams));
    return 0;
  },
};

export const teamRm: Command = {
  path: ['control-plane', 'team', 'rm'],
  summary: 'remove a team; policies scoped to it stay as they are',
  arguments: [TEAM_ARGUMENT],
  options: [EXISTING_DATABASE_OPTION, ORG_OPTION],
  examples: ['reeve control-plane team rm platform --database cp.db --org example'],
  async run({ output }, input) {
    const { removeTeam } = await import('../../control-plane/teams.ts');
    const [team, org] = [firstArgument(input), required(input, 'org')];
    await withExistingDatabase(input, (database) => removeTeam(database, org, team));
    output.result({ org, team }, () => [`removed ${team}`]);
    return 0;
  },
};
