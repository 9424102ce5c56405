/** Complete and validated; what the configuration file says under `source`. */
export interface TufConfig {
  /** Of the repository: below it lie `/metadata/…` and `/targets/…`. */
  readonly baseUrl: string;
  readonly org: string;
  /** The pinned root.json as it was read with the configuration, by the rules of trusted files. */
  readonly pinnedRoot: string;
  /** The target path of this machine's bundle. */
  readonly target: string;
  readonly intervalMs?: number;
  readonly proxy?: string;
  readonly caFile?: string;
  /** For one request. */
  readonly deadlineMs?: number;
}
