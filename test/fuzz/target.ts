import type { Scope } from '../support/scope.ts';
import { type FuzzOptions, type FuzzReport, fuzz } from './fuzzing.ts';
import type { Harness } from './harness.ts';

/** One parser under test; `Input` is JSON, so that what was found can be written down. */
export interface FuzzTarget<Input> {
  readonly name: string;
  readonly open: (scope: Scope) => Harness<Input> | Promise<Harness<Input>>;
  readonly fuzz: (options: FuzzOptions) => Promise<FuzzReport>;
}

/** `constant` is what the target is exported as: printed failures name it. */
export function fuzzTarget<Input>(
  name: string,
  constant: string,
  open: (scope: Scope) => Harness<Input> | Promise<Harness<Input>>,
): FuzzTarget<Input> {
  return { name, open, fuzz: (options) => fuzz({ name, constant, open }, options) };
}

/** Checks one input that a fuzzer found once; the lines that a failure prints call it. */
export async function holds<Input>(t: Scope, target: FuzzTarget<Input>, input: Input): Promise<void> {
  const { check } = await target.open(t);
  await check(input);
}
