import type { PerDomain } from '../policy/policy-set.ts';
import type { GovernanceConfig } from '../sources/governance/sync-run.ts';
import type { PresetName } from '../sources/presets.ts';

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** null = standard error. */
  readonly file: string | null;
}

export interface SourceConfig extends GovernanceConfig {
  /** null = this machine has no team list; `[]` is a list. */
  readonly teams: readonly string[] | null;
  /** Said outright; a domain left out is governed from the first policy of it. */
  readonly governs: Partial<PerDomain<boolean>>;
}

/** Everything the daemon needs to know, complete and checked; made from the configuration file. */
export interface DaemonConfig {
  /** The file it came from, protected like all of reeve's own files. */
  readonly file: string;
  readonly decideSocket: string;
  readonly adminSocket: string;
  /** Anyone on the machine may ask a system service; a user's own only that user. */
  readonly socketDirectoryMode: 0o755 | 0o700;
  readonly socketModes: { readonly decide: number; readonly admin: number };
  readonly stateDirectory: string;
  readonly source: SourceConfig | null;
  readonly preset: PresetName;
  readonly localDirectory: string;
  /** Uids whose local files may allow. */
  readonly localOwners: readonly number[];
  readonly authzenIdentifier: string;
  readonly metadataAddresses: readonly string[];
  readonly nat64Prefixes: readonly string[];
  readonly log: LogConfig;
}
