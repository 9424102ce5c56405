import type fc from 'fast-check';

/** A parser ready to be fuzzed. */
export interface Harness<Input> {
  readonly inputs: fc.Arbitrary<Input>;
  /** One call with everything that has to hold for it; throws where it does not. Its CPU time is bounded. */
  readonly check: (input: Input) => void | Promise<void>;
}
