/** A real socket server for the fuzzers of framings, and ways to send it bytes. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { compile } from '../../src/policy/index.ts';
import { type DecisionDaemon, policySet, startDecisionDaemon } from '../support/decision-daemon.ts';
import { connect, readToEnd } from '../support/raw-http.ts';
import type { Scope } from '../support/scope.ts';
import { mutatedText } from './mutation.ts';
import { RULES } from './words.ts';

const SET = policySet(RULES.map((rule, at) => ({ id: `p${at}`, name: 'p', allowlist_v0: { rules: [rule] } })));

/** What the server below decides by. */
export const SERVED = { policy: compile(SET), generation: 1, ttlMs: 0 };

export function startServed(scope: Scope): Promise<DecisionDaemon> {
  return startDecisionDaemon(scope, { set: SET });
}

/** Bytes as Latin-1 text, and where they are cut: one write each, lengths taken in turn; none = all at once. */
export interface Sent {
  readonly bytes: string;
  readonly cuts: readonly number[];
}

export function sentBytes(seeds: readonly string[], words: readonly string[], maxLength: number): fc.Arbitrary<Sent> {
  return fc.record({
    bytes: mutatedText(seeds, words, maxLength).map((text) => Buffer.from(text).toString('latin1')),
    cuts: fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5_000 })), { maxLength: 6 }),
  });
}

/** Everything that comes back until the server closes, which it has to; our end is closed behind the bytes. */
export async function send(path: string, { bytes, cuts }: Sent): Promise<string> {
  const all = Buffer.from(bytes, 'latin1');
  const socket = await connect(path);
  const answer = readToEnd(socket, 10_000);
  let at = 0;
  // many tiny writes say no more than a hundred of them
  for (let write = 0; write < 100 && at < all.length && cuts.length > 0; write += 1) {
    const end = at + (cuts[write % cuts.length] ?? 1);
    socket.write(all.subarray(at, end));
    at = end;
    if (write % 3 === 2) await new Promise(setImmediate);
  }
  socket.end(all.subarray(Math.min(at, all.length)));
  return (await answer).toString('latin1');
}

/** The server never failed on its own account. */
export function assertSound({ errors }: DecisionDaemon): void {
  assert.deepEqual(errors, []);
}
