import { isAbsolute, resolve } from 'node:path';
import { messageOf } from '../base/coded-error.ts';
import { shown } from '../base/shown.ts';
import { readBaseUrl } from '../http/outbound-url.ts';
import { isPresetName, PRESET_NAMES, type PresetName } from '../sources/presets.ts';
import { CliError } from './cli-error.ts';
import { type CommandInput, type OptionSpec, textOption, textsOption } from './command.ts';

/** A credential that is there, or one that was typed and has to be written. */
export type PlannedCredential =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'typed'; readonly identifier: string; readonly secret: string };

/** The pinned root: a file, or what a repository shows if it has this digest. */
export type PlannedRoot =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'digest'; readonly sha256: string };

export type PlannedSource =
  | { readonly type: 'governance'; readonly baseUrl: string; readonly credential: PlannedCredential }
  | { readonly type: 'tuf'; readonly baseUrl: string; readonly root: PlannedRoot; readonly target: string }
  | { readonly type: 'file'; readonly path: string; readonly publicKeys: readonly string[] };

/** What this machine is to become. */
export interface InitPlan {
  /** Null = no organisation: local files and the preset decide. */
  readonly source: (PlannedSource & { readonly org: string }) | null;
  /** Null = this machine has no team list. */
  readonly teams: readonly string[] | null;
  readonly proxy: string | null;
  readonly caFile: string | null;
  readonly preset: PresetName;
}

export const DEFAULT_TARGET = 'bundle.json.gz';

export const PLAN_OPTIONS: readonly OptionSpec[] = [
  { flags: '--governance <url>', description: 'pull from a governance API, such as https://policy.example.com/v2' },
  {
    flags: '--tuf <url>',
    description: 'pull signed bundles from a TUF repository, such as https://policy.example.com',
  },
  { flags: '--bundle-file <path>', description: 'take the bundle file that device management puts there' },
  { flags: '--org <name>', description: 'the organisation whose policy this machine follows' },
  {
    flags: '--credential-file <file>',
    description:
      '--governance: JSON {"identifier": …, "secret": …}, mode 0600; on a terminal you may type both instead',
  },
  { flags: '--root <file>', description: '--tuf: the pinned root; it is copied beside the configuration' },
  {
    flags: '--root-sha256 <hex>',
    description: '--tuf: instead of a file, the digest of the first root of the repository',
  },
  {
    flags: '--target <name>',
    description: `--tuf: this machine’s bundle (default: ${DEFAULT_TARGET}; a team’s: TEAM/${DEFAULT_TARGET})`,
  },
  {
    flags: '--public-key <file>',
    description: '--bundle-file: a key that has to have signed it; may be repeated',
    repeatable: true,
  },
  { flags: '--team <id>', description: 'a team of this machine; may be repeated', repeatable: true },
  { flags: '--proxy <url>', description: 'HTTP proxy towards the source' },
  { flags: '--ca-file <file>', description: 'certificate authorities (PEM) to trust instead of the usual ones' },
  {
    flags: '--preset <name>',
    description: `what applies where nobody governs: ${PRESET_NAMES.join(', ')} (default: locked-down)`,
    choices: PRESET_NAMES,
  },
];

/** Whether the command line says what this machine is to become; without that a person is asked. */
export function isPlanned(input: CommandInput): boolean {
  return ['governance', 'tuf', 'bundleFile', 'preset'].some((name) => textOption(input, name) !== undefined);
}

/** The plan that the options make. Throws a `CliError` for what is missing or does not go together. */
export function planOf(input: CommandInput, cwd: string): InitPlan {
  const teams = textsOption(input, 'team');
  const [proxy, caFile] = [textOption(input, 'proxy'), textOption(input, 'caFile')];
  return {
    source: sourceOf(input, cwd),
    teams: teams.length === 0 ? null : teams,
    proxy: proxy ?? null,
    caFile: caFile === undefined ? null : resolve(cwd, caFile),
    preset: presetOf(textOption(input, 'preset') ?? PRESET_NAMES[0]),
  };
}

export function presetOf(text: string): PresetName {
  if (isPresetName(text)) return text;
  throw new CliError('usage', `${shown(text)} is no preset`, `there are ${PRESET_NAMES.join(', ')}`);
}

const SOURCES = ['governance', 'tuf', 'bundleFile'] as const;

function sourceOf(input: CommandInput, cwd: string): InitPlan['source'] {
  const named = SOURCES.filter((name) => textOption(input, name) !== undefined);
  const [kind, another] = named;
  if (another !== undefined) throw new CliError('usage', '--governance, --tuf and --bundle-file: only one of them');
  if (kind === undefined) return null;
  const org = needed(input, 'org', '--org NAME', 'an organisation has a name');
  const value = textOption(input, kind) ?? '';
  switch (kind) {
    case 'governance': {
      const path = needed(input, 'credentialFile', '--credential-file FILE', 'a governance API wants a credential');
      return { type: 'governance', org, baseUrl: urlOf(value), credential: { kind: 'file', path: resolve(cwd, path) } };
    }
    case 'tuf':
      return { type: 'tuf', org, baseUrl: urlOf(value), root: rootOf(input, cwd), target: targetOf(input) };
    case 'bundleFile': {
      const publicKeys = textsOption(input, 'publicKey').map((path) => resolve(cwd, path));
      return { type: 'file', org, path: resolve(cwd, value), publicKeys };
    }
  }
}

function needed(input: CommandInput, name: string, flags: string, why: string): string {
  const value = textOption(input, name);
  if (value !== undefined && value !== '') return value;
  throw new CliError('usage', `${why}: name it with ${flags}`);
}

function targetOf(input: CommandInput): string {
  return textOption(input, 'target') ?? DEFAULT_TARGET;
}

function rootOf(input: CommandInput, cwd: string): PlannedRoot {
  const [file, sha256] = [textOption(input, 'root'), textOption(input, 'rootSha256')];
  if (file !== undefined && sha256 === undefined) return { kind: 'file', path: resolve(cwd, file) };
  if (file === undefined && sha256 !== undefined) return { kind: 'digest', sha256: digestOf(sha256) };
  throw new CliError(
    'usage',
    'a repository is trusted by its pinned root: name it with --root FILE, or its digest with --root-sha256 HEX',
    'whoever runs the repository has it from `reeve keys init`; it must not come from the repository alone',
  );
}

export function digestOf(text: string): string {
  const hex = text
    .trim()
    .toLowerCase()
    .replace(/^sha256:/, '');
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new CliError('usage', 'a SHA-256 digest has 64 hexadecimal digits');
}

/** As the daemon will hold it. */
export function urlOf(text: string): string {
  try {
    // the configuration is judged in the same way
    readBaseUrl(text);
    return text.replace(/\/+$/, '');
  } catch (error) {
    throw new CliError('usage', messageOf(error));
  }
}

export function pathOf(text: string, cwd: string): string {
  if (text === '') throw new CliError('usage', 'a path is needed');
  return isAbsolute(text) ? text : resolve(cwd, text);
}
