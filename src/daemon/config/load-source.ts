import { messageOf } from '../../base/coded-error.ts';
import { isLoopbackUrl, readBaseUrl } from '../../http/outbound-url.ts';
import { readTrustedFile } from '../../realpath/trusted-file.ts';
import { MAX_KEY_FILE_BYTES, MAX_PINNED_ROOT_BYTES, MIN_INTERVAL_MS } from '../../schema/limits.ts';
import { durationMs, type WrittenSource } from '../../schema/source-config.ts';
import { ConfigError } from './config-error.ts';
import type { SourceConfig } from './daemon-config.ts';

/** The configuration file that names a source, and whose files are trusted beside it. */
export interface SourceSetting {
  readonly file: string;
  readonly owners: readonly number[];
}

/** Reads what the source needs to be trusted: the pinned root, public keys. Throws a `ConfigError`. */
export function sourceOf(source: WrittenSource, setting: SourceSetting): SourceConfig {
  const { org, teams } = source;
  const shared = { org, teams, governs: {}, trustedFiles: [], ...intervalOf(source, setting) };
  switch (source.type) {
    case 'governance':
      return {
        type: 'governance',
        ...shared,
        ...wayOf(source, setting),
        credentialFile: source.credential_file,
        ignoreMembers: source.ignore_members,
        governs: saidOf(source.governs),
      };
    case 'tuf':
      return {
        type: 'tuf',
        ...shared,
        ...wayOf(source, setting),
        teams: teamsOf(source),
        pinnedRoot: trustedText(source.root_file, MAX_PINNED_ROOT_BYTES, setting),
        target: source.target,
        trustedFiles: [source.root_file],
      };
    case 'file': {
      const keyFiles = source.public_keys;
      return {
        type: 'file',
        ...shared,
        path: source.path,
        owners: setting.owners,
        publicKeys: keyFiles?.map((path) => trustedText(path, MAX_KEY_FILE_BYTES, setting)) ?? null,
        trustedFiles: [source.path, ...(keyFiles ?? [])],
      };
    }
  }
}

/** A role of that name signs for what lies below it (delivery, Sources 2). */
const TEAM_TARGET = /^([a-z][a-z0-9-]*)\/[^/]+$/;

/** Semantics, 4.4: a team's bundle says whose it is, and the configuration what else this machine belongs to. */
function teamsOf({ teams, target }: Extract<WrittenSource, { readonly type: 'tuf' }>): readonly string[] | null {
  const team = TEAM_TARGET.exec(target)?.[1];
  return team === undefined ? teams : [...new Set([team, ...(teams ?? [])])];
}

type Remote = Exclude<WrittenSource, { readonly type: 'file' }>;

/** How its server is reached. Before anything has started: what cannot be asked is a mistake in the file. */
function wayOf(source: Remote, { file }: SourceSetting): { baseUrl: string; proxy?: string; caFile?: string } {
  const { base_url: baseUrl, proxy, ca_file: caFile } = source;
  try {
    readBaseUrl(baseUrl);
  } catch (error) {
    throw new ConfigError('config_invalid', `${file}: \`source.base_url\`: ${messageOf(error)}`, { cause: error });
  }
  return { baseUrl, ...(proxy === null ? {} : { proxy }), ...(caFile === null ? {} : { caFile }) };
}

function intervalOf(source: WrittenSource, { file }: SourceSetting): { intervalMs?: number } {
  if (source.interval === null) return {};
  const intervalMs = durationMs(source.interval);
  const nearby = source.type === 'file' || isLoopbackUrl(new URL(source.base_url));
  if (intervalMs < MIN_INTERVAL_MS && !nearby) {
    throw new ConfigError('config_invalid', `${file}: \`source.interval\` below 30s is for a source on loopback only`);
  }
  return { intervalMs };
}

function saidOf(governs: Extract<WrittenSource, { type: 'governance' }>['governs']): SourceConfig['governs'] {
  if (governs === 'auto') return {};
  return Object.fromEntries(Object.entries(governs).filter(([, governed]) => governed !== 'auto'));
}

/** Delivery, "Trusted config": what a source is trusted by is held to the rules of the configuration file itself. */
function trustedText(path: string, maxBytes: number, { owners }: SourceSetting): string {
  const reading = readTrustedFile(path, owners, maxBytes);
  if (reading.kind === 'untrusted') throw new ConfigError('config_untrusted', reading.message);
  return reading.bytes.toString('utf8');
}
