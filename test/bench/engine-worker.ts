import { compile } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/decide.ts';
import { readRequest } from '../../src/policy/request.ts';
import type { Snapshot } from '../../src/policy/snapshot.ts';
import { emptySet } from '../support/policy-sets.ts';
import { serveEngine } from './engine-protocol.ts';
import { policiesOf } from './policy-generator.ts';

// Ours: a parsed request is read and canonicalised, decided, and becomes the full answer.
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
    return decide(snapshot, reading.request, asker).decision;
  },
});
