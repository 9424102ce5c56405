/** A local file as it was last good, kept so that a later broken version does not change what is decided. */
export interface LastGood {
  /** `sha256:…` of `content`. */
  readonly digest: string;
  readonly content: string;
  /** Why its allows did not count when it was last read, or null. */
  readonly allowsInert: string | null;
}

/** Where last good versions survive a restart. `directory` keeps files of the same name apart. */
export interface LastGoodStore {
  loadLastGood(directory: string): ReadonlyMap<string, LastGood>;
  saveLastGood(directory: string, name: string, file: LastGood): void;
  forgetLastGood(directory: string, name: string): void;
}
