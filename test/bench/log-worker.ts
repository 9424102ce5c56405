import { decisionEntry } from '../../src/audit/decision-fields.ts';
import { linkHash } from '../../src/audit/hash-chain.ts';
import { recordHead } from '../../src/audit/record-text.ts';
import { compile } from '../../src/policy/compile.ts';
import { decideText } from '../../src/policy/decide.ts';
import { readRequest } from '../../src/policy/request.ts';
import type { Snapshot } from '../../src/policy/snapshot.ts';
import { appendRows, type LogRow, openLog, readChain } from '../../src/store/log-store.ts';
import { emptySet } from '../support/policy-sets.ts';
import { generateQuestions, generateRules, policiesOf } from './policy-generator.ts';

export interface LogRequest {
  readonly path: string;
  readonly records: number;
}

// A decision log as a daemon would have written it, whole chain and all; only the waiting for the disk is left out.
const RECORDS_PER_TRANSACTION = 100_000;
const PEER = { uid: 1_000, gid: 1_000, pid: 4_242 };

function write({ path, records }: LogRequest): void {
  const database = openLog(path);
  try {
    // nobody needs this file after a crash
    database.pragma('journal_mode = MEMORY');
    database.pragma('synchronous = OFF');
    const rests = restsOfRecords();
    let { head } = readChain(database);
    // the last one was a second ago, and none is older than a month
    const first = Date.now() - 1_000 - records * 200;
    const rows = function* (count: number): Generator<LogRow> {
      for (let left = count; left > 0; left -= 1) {
        const id = head.id + 1;
        const at = first + id * 200;
        const text = recordHead(id, at) + (rests[id % rests.length] ?? '');
        const hash = linkHash(head.hash, text);
        head = { id, hash };
        yield { id, at, hash, text };
      }
    };
    for (let left = records; left > 0; left -= RECORDS_PER_TRANSACTION) {
      appendRows(database, rows(Math.min(left, RECORDS_PER_TRANSACTION)));
    }
    database.pragma('journal_mode = WAL');
  } finally {
    database.close();
  }
}

/** What the writer keeps of some thousand answers, behind the head that each record has of its own. */
function restsOfRecords(): readonly string[] {
  const rules = generateRules(1_000);
  const policy = compile(emptySet({ policies: policiesOf(rules, 'bench') }));
  const snapshot: Snapshot = { policy, generation: 1, ttlMs: 5_000 };
  return generateQuestions(rules).flatMap(({ request }) => {
    const reading = readRequest(request);
    if (reading.kind !== 'request') return [];
    const answer = decideText(snapshot, reading.request, { uid: 1_000 });
    const entry = decisionEntry({ at: 0, peer: PEER, answer, labels: '' });
    return entry === null ? [] : JSON.stringify(entry.fields).slice(1);
  });
}

process.on('message', (request: LogRequest) => {
  write(request);
  process.send?.(request.records);
});
