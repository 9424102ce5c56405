import type { Retention } from '../../audit/retention.ts';
import type { PerDomain, PresetInput } from '../../policy/policy-set.ts';
import type { FileConfig } from '../../sources/file/config.ts';
import type { GovernanceConfig } from '../../sources/governance/sync-run.ts';
import type { TufConfig } from '../../sources/tuf/config.ts';
import type { Rotation } from '../log-file.ts';

/** system: for everybody on the machine; user: for its owner alone. */
export type Service = 'system' | 'user';

/** Who may reach the sockets (api, "Files and who may what"). */
export const SOCKET_MODES = {
  system: { directory: 0o755, decide: 0o666, admin: 0o600 },
  user: { directory: 0o700, decide: 0o600, admin: 0o600 },
} as const satisfies Record<Service, object>;

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** null = standard error, which is somebody else's to keep. */
  readonly file: string | null;
  /** When the file makes room for the next one; absent = never. */
  readonly rotation?: Rotation;
}

/** What every kind of source is configured with. */
interface SharedSourceConfig {
  readonly org: string;
  /** null = this machine has no team list; `[]` is a list. */
  readonly teams: readonly string[] | null;
  /** Said outright; a domain left out is governed from the first policy of it. A signed bundle says so itself. */
  readonly governs: Partial<PerDomain<boolean>>;
  /** Beside the configuration file: nobody writes these. */
  readonly trustedFiles: readonly string[];
}

export type SourceConfig = SharedSourceConfig &
  (
    | ({ readonly type: 'governance' } & GovernanceConfig)
    | ({ readonly type: 'tuf' } & TufConfig)
    | ({ readonly type: 'file' } & FileConfig)
  );

/** Everything the daemon needs to know, complete and checked; made from the configuration file. */
export interface DaemonConfig {
  /** The file it came from, protected like all of reeve's own files. */
  readonly file: string;
  readonly service: Service;
  readonly decideSocket: string;
  readonly adminSocket: string;
  readonly stateDirectory: string;
  readonly source: SourceConfig | null;
  /** Read where the configuration is: the reader of such files would keep the first policy waiting in its thread. */
  readonly preset: PresetInput;
  readonly localDirectory: string;
  /** Uids whose local files may allow. */
  readonly localOwners: readonly number[];
  readonly authzenIdentifier: string;
  readonly metadataAddresses: readonly string[];
  readonly nat64Prefixes: readonly string[];
  /** null = no decision is kept. */
  readonly decisionLog: Retention | null;
  readonly log: LogConfig;
}
