import { VERSION } from '../daemon/version.ts';
import { readPublicFile } from '../publisher/key-file.ts';
import { packBundle } from '../publisher/pack-bundle.ts';
import { readSmallFile } from '../publisher/small-file.ts';
import type { Change } from '../publisher/stage.ts';
import type { TeamDelegation } from '../publisher/targets-content.ts';
import { MAX_BUNDLE_CHARACTERS } from '../schema/limits.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, textOption, textsOption } from './command.ts';

const DEFAULT_NAME = 'bundle.json.gz';

/** What is to be listed otherwise; null = nothing is. */
export function changeOf(input: CommandInput, now: number): Change | null {
  const [file] = input.args;
  const team = textOption(input, 'team');
  const setTeams = teamsOf(textsOption(input, 'addTeam'));
  const removeTeams = textsOption(input, 'removeTeam');
  if (file === undefined) {
    if (team !== undefined) throw new CliError('usage', '--team publishes a bundle: name one');
    return setTeams.length + removeTeams.length === 0 ? null : { bundles: [], setTeams, removeTeams };
  }
  const name = textOption(input, 'target') ?? DEFAULT_NAME;
  const path = team === undefined ? name : `${team}/${name}`;
  const document = readSmallFile(file, MAX_BUNDLE_CHARACTERS);
  const packed = packBundle({ document, path, version: VERSION, now });
  return { bundles: [{ role: team ?? 'targets', packed }], setTeams, removeTeams };
}

/** `NAME=FILE`, several of them for a team with several keys: one signature suffices then. */
function teamsOf(given: readonly string[]): readonly TeamDelegation[] {
  const teams = new Map<string, TeamDelegation>();
  for (const text of given) {
    const [, name, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || file === undefined) {
      throw new CliError('usage', `--add-team takes NAME=FILE, not \`${text}\``);
    }
    const keys = [...(teams.get(name)?.keys ?? []), readPublicFile(file)];
    teams.set(name, { name, keys, threshold: 1 });
  }
  return [...teams.values()];
}
