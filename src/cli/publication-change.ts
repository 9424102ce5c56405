import { VERSION } from '../daemon/version.ts';
import { assertNoSource } from '../publisher/bundle-file.ts';
import { readPublicFile } from '../publisher/key-file.ts';
import { packBundle } from '../publisher/pack-bundle.ts';
import type { Publication } from '../publisher/publish.ts';
import { readRootFile } from '../publisher/published-root.ts';
import { readSmallFile } from '../publisher/small-file.ts';
import type { Change } from '../publisher/stage.ts';
import type { TeamDelegation } from '../publisher/targets-content.ts';
import { MAX_BUNDLE_CHARACTERS } from '../schema/limits.ts';
import { MAX_METADATA_BYTES } from '../tuf/limits.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, textOption, textsOption } from './command.ts';
import { required } from './commands/control-plane-database.ts';
import { openKeys } from './signing-keys.ts';

const DEFAULT_NAME = 'bundle.json.gz';

/** One publication, as the command line says it. */
export async function publicationOf(input: CommandInput): Promise<Publication> {
  const [root, signed] = [textOption(input, 'root'), textOption(input, 'signed')];
  const now = Date.now();
  const change = changeOf(input, now);
  return {
    repository: required(input, 'repository'),
    keys: await openKeys(input),
    now,
    ...(change === null ? {} : { change }),
    ...(signed === undefined ? {} : { signed: readSmallFile(signed, MAX_METADATA_BYTES.targets) }),
    ...(root === undefined ? {} : { root: readRootFile(root) }),
  };
}

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
  assertNoSource(file);
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
