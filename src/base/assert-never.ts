/** Marks a branch that the type system proves unreachable; throws if a cast made it reachable after all. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
