import type { Database } from '../store/database.ts';
import { type ChainEnd, type LogRow, readChain, readRowsAfter } from '../store/log-store.ts';
import { hexOf, linkHash } from './hash-chain.ts';
import { recordHead } from './record-text.ts';

export type LogVerdict =
  | {
      readonly kind: 'intact';
      /** How many records there are; the first one's id; the last one, with its hash in hexadecimal. */
      readonly records: number;
      readonly first: number;
      readonly head: { readonly id: number; readonly hash: string };
    }
  /** The first record that is not what was written, or not there. */
  | { readonly kind: 'broken'; readonly id: number; readonly message: string };

/** Small, so that a reading never keeps the daemon from reusing the file's pages. */
const STEP = 5_000;

/**
 * Walks the chain from its anchor to its head. The daemon may write and prune meanwhile: what was pruned under the
 * walk is taken up again at the new anchor, and what was written since it began is not looked at.
 */
export function verifyLog(database: Database, step = STEP): LogVerdict {
  const { anchor, head } = readChain(database);
  let place: ChainEnd = anchor;
  for (;;) {
    const rows = readRowsAfter(database, place.id, step);
    const first = rows[0]?.id;
    if (first !== place.id + 1) {
      // asked only where something is missing: the prefix may have been pruned in between
      const now = readChain(database).anchor;
      if (now.id > place.id) {
        place = now;
        continue;
      }
    }
    for (const row of rows) {
      if (row.id > head.id) break;
      const fault = faultOf(row, place);
      if (fault !== null) return fault;
      place = row;
    }
    if (place.id >= head.id) break;
    if (rows.length === 0) return broken(place.id + 1, 'is missing, and so are all behind it');
  }
  if (place.id === head.id && hexOf(place.hash) !== hexOf(head.hash)) {
    return broken(head.id, 'is not the one that the chain ends with');
  }
  return {
    kind: 'intact',
    records: head.id - anchor.id,
    first: anchor.id + 1,
    head: { id: head.id, hash: hexOf(head.hash) },
  };
}

function faultOf(row: LogRow, before: ChainEnd): LogVerdict | null {
  const { id, at, hash, text } = row;
  if (id !== before.id + 1) return broken(before.id + 1, 'is missing');
  if (hexOf(linkHash(before.hash, text)) !== hexOf(hash)) return broken(id, 'does not follow from the one before it');
  // the two columns beside the text steer searches: they have to say what the text says
  if (!text.startsWith(recordHead(id, at))) return broken(id, 'stands at another place or time than its text says');
  return null;
}

function broken(id: number, what: string): LogVerdict {
  return { kind: 'broken', id, message: `record ${id} ${what}` };
}
