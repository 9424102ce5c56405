/** What a helper needs of a test: to be told when it ends. Every `TestContext` is one; commands open their own. */
export interface Scope {
  after(end: () => unknown): void;
}

export interface OpenScope extends Scope {
  /** Ends what was registered, the last first; the first failure is thrown when all have had their turn. */
  close(): Promise<void>;
}

export function openScope(): OpenScope {
  const ends: (() => unknown)[] = [];
  return {
    after: (end) => void ends.push(end),
    async close() {
      const failures: unknown[] = [];
      for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
        try {
          await end();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
