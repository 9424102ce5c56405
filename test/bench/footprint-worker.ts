import { compile } from '../../src/policy/compile.ts';
import type { CompiledPolicy } from '../../src/policy/snapshot.ts';
import { emptySet } from '../support/policy-sets.ts';
import { generateRules, policiesOf } from './policy-generator.ts';

export interface IndexSize {
  readonly rules: number;
  readonly bytes: number;
  readonly textBytes: number;
}

// Needs --expose-gc. The copy is what the daemon holds: it gets its policy from another thread.
const collect = (globalThis as { gc?: () => void }).gc;

function held(): number {
  collect?.();
  collect?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function compiledCopy(count: number): { policy: CompiledPolicy; textBytes: number } {
  const rules = generateRules(count);
  const policy = compile(emptySet({ policies: policiesOf(rules, 'bench') }));
  const textBytes = rules.reduce(
    (sum, { id, name, resources: [resource] }) => sum + id.length + name.length + resource.length,
    0,
  );
  return { policy: structuredClone(policy), textBytes };
}

process.on('message', () => {
  const rules = Number(process.argv[2]);
  compiledCopy(100);
  const before = held();
  const { policy, textBytes } = compiledCopy(rules);
  const bytes = held() - before;
  process.send?.({ rules, bytes, textBytes, revision: policy.revision });
});
