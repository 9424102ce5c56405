import { compile } from '../../src/policy/compile.ts';
import { decideText } from '../../src/policy/decide.ts';
import { readRequest } from '../../src/policy/request.ts';
import type { Snapshot } from '../../src/policy/snapshot.ts';
import { emptySet } from '../support/policy-sets.ts';
import { serveEngine } from './engine-protocol.ts';
import { policiesOf } from './policy-generator.ts';

// Ours: a request that is an object already is read and canonicalised, decided, and becomes the full answer as it goes
// out: one text.
const ALLOWED = '{"decision":"allow"';
let snapshot: Snapshot | null = null;
const asker = { uid: null };

serveEngine({
  load: (rules) => {
    const policy = compile(emptySet({ policies: policiesOf(rules, 'bench') }));
    snapshot = { policy, generation: 1, ttlMs: 5_000 };
  },
  prepare: (question) => question.request,
  decide: (request) => {
    const reading = readRequest(request);
    if (reading.kind !== 'request' || snapshot === null) throw new Error('the question is no request');
    // looking into it also makes one piece of the parts, as sending it does
    return decideText(snapshot, reading.request, asker).startsWith(ALLOWED) ? 'allow' : 'deny';
  },
});
