/** Complete and validated; what the configuration file says under `source`. */
export interface FileConfig {
  readonly org: string;
  /** The bundle file. */
  readonly path: string;
  /** Uids that the file and the directories above it may belong to. */
  readonly owners: readonly number[];
  /** PEM texts of Ed25519 public keys, as they were read with the configuration; null = the file is not signed. */
  readonly publicKeys: readonly string[] | null;
  readonly intervalMs?: number;
}
