import { existsSync } from 'node:fs';
import { shown } from '../base/shown.ts';
import { PRESET_NAMES, type PresetName } from '../sources/presets.ts';
import { CliError } from './cli-error.ts';
import {
  DEFAULT_TARGET,
  digestOf,
  type InitPlan,
  type PlannedCredential,
  type PlannedRoot,
  type PlannedSource,
  pathOf,
  urlOf,
} from './init-plan.ts';
import { askHidden } from './passphrase.ts';
import type { Choice, Prompt } from './prompt.ts';

const SOURCES: readonly Choice<PlannedSource['type'] | null>[] = [
  { value: 'tuf', text: 'my organisation publishes signed bundles (a TUF repository)' },
  { value: 'governance', text: 'my organisation has a policy server (a governance API)' },
  { value: 'file', text: 'device management puts a bundle file on this machine' },
  { value: null, text: 'no organisation: I decide for this machine myself' },
];

const PRESETS: Readonly<Record<PresetName, string>> = {
  'locked-down': 'locked-down: nothing is allowed that no rule allows',
  balanced: 'balanced: what development usually needs',
  open: 'open: everything but what reeve always protects',
};

/** Asks for everything that the options did not say, in words. */
export async function askPlan(prompt: Prompt, cwd: string): Promise<InitPlan> {
  const type = await prompt.choose('Where does the policy of this machine come from?', SOURCES);
  const source = type === null ? null : await askSource(prompt, cwd, type);
  const teams = source === null ? null : await askTeams(prompt);
  const question =
    source === null
      ? 'What applies where no rule of yours does?'
      : 'What applies in domains that your organisation does not govern?';
  const preset = await prompt.choose(
    question,
    PRESET_NAMES.map((name) => ({ value: name, text: PRESETS[name] })),
  );
  return { source, teams, proxy: null, caFile: null, preset };
}

async function askSource(prompt: Prompt, cwd: string, type: PlannedSource['type']): Promise<InitPlan['source']> {
  const org = await prompt.ask('Name of the organisation', nonEmpty);
  switch (type) {
    case 'governance': {
      const baseUrl = await prompt.ask('URL of its policy server, such as https://policy.example.com/v2', urlOf);
      return { type, org, baseUrl, credential: await askCredential(prompt, cwd) };
    }
    case 'tuf': {
      const baseUrl = await prompt.ask('URL of its repository, such as https://policy.example.com', urlOf);
      const root = await prompt.ask(
        'The pinned root that you were given: a file, or the SHA-256 digest of the first root',
        (text) => rootFrom(text, cwd),
      );
      const target = await prompt.ask(
        'Bundle of this machine; a team’s is TEAM/bundle.json.gz',
        nonEmpty,
        DEFAULT_TARGET,
      );
      return { type, org, baseUrl, root, target };
    }
    case 'file': {
      const path = await prompt.ask('The bundle file', (text) => pathOf(text, cwd));
      const key = await prompt.ask(
        'Public key that has to have signed it (empty: whoever may write the file is believed)',
        (text) => text,
        '',
      );
      return { type, org, path, publicKeys: key === '' ? [] : [pathOf(key, cwd)] };
    }
  }
}

async function askCredential(prompt: Prompt, cwd: string): Promise<PlannedCredential> {
  const kind = await prompt.choose('How does this machine sign in?', [
    { value: 'typed' as const, text: 'with an identifier and a secret that I type now' },
    { value: 'file' as const, text: 'with a credential file that is there already' },
  ]);
  if (kind === 'file') return { kind, path: await prompt.ask('The credential file', (text) => pathOf(text, cwd)) };
  const identifier = await prompt.ask('Identifier', nonEmpty);
  const secret = await prompt.aside(() => askHidden('Secret (not shown): ', '--credential-file FILE'));
  return { kind, identifier, secret };
}

async function askTeams(prompt: Prompt): Promise<readonly string[] | null> {
  const text = await prompt.ask(
    'Teams of this machine, with commas between them (empty: none are known)',
    (line) => line,
    '',
  );
  const teams = text.split(',').flatMap((team) => (team.trim() === '' ? [] : [team.trim()]));
  return teams.length === 0 ? null : teams;
}

function rootFrom(text: string, cwd: string): PlannedRoot {
  if (/^(?:sha256:)?[0-9a-f]{64}$/i.test(text)) return { kind: 'digest', sha256: digestOf(text) };
  const path = pathOf(text, cwd);
  // asked again now, and not after everything else has been answered
  if (!existsSync(path))
    throw new CliError('usage', `there is no ${shown(path)}, and a digest has 64 hexadecimal digits`);
  return { kind: 'file', path };
}

function nonEmpty(text: string): string {
  if (text === '') throw new CliError('usage', 'this has to be said');
  return text;
}
