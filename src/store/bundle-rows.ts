import { digestOf } from '../bundle/policy-revision.ts';
import type { Database } from './database.ts';
import { StoreError } from './store-error.ts';

/** What is known of a bundle without its content. */
export interface BundleHeader {
  readonly id: number;
  readonly source: string;
  readonly org: string;
  readonly revision: string;
  /** Of the stored text. */
  readonly digest: string;
  /** Only with the content it belongs to (delivery, What always holds). */
  readonly etag: string | null;
  readonly fetchedAt: number;
  readonly activatedAt: number | null;
}

export interface CandidateBundle {
  readonly source: string;
  readonly org: string;
  readonly revision: string;
  readonly etag: string | null;
  readonly fetchedAt: number;
  /** Governance `Policy` objects. */
  readonly policies: readonly unknown[];
}

export type ActiveBundle =
  | { readonly kind: 'none' }
  | { readonly kind: 'active'; readonly header: BundleHeader; readonly policies: readonly unknown[] }
  | { readonly kind: 'damaged'; readonly message: string };

interface BundleRow {
  readonly id: number;
  readonly source: string;
  readonly org: string;
  readonly revision: string;
  readonly digest: string;
  readonly etag: string | null;
  readonly fetched_at: number;
  readonly activated_at: number | null;
}

const COLUMNS = 'id, source, org, revision, digest, etag, fetched_at, activated_at';

/** Returns the row's id. A bundle that never became active leaves no trace once the next one comes. */
export function insertCandidate(database: Database, bundle: CandidateBundle): number {
  const { source, org, revision, etag, fetchedAt } = bundle;
  const content = JSON.stringify({ policies: bundle.policies });
  database.prepare("DELETE FROM slot WHERE name = 'candidate'").run();
  database.prepare('DELETE FROM bundle WHERE activated_at IS NULL').run();
  const { lastInsertRowid } = database
    .prepare(
      'INSERT INTO bundle (source, org, revision, digest, etag, content, fetched_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    .run(source, org, revision, rowDigest({ source, org, revision, etag }, content), etag, content, fetchedAt);
  database.prepare("INSERT INTO slot (name, bundle) VALUES ('candidate', ?)").run(lastInsertRowid);
  return Number(lastInsertRowid);
}

export function readActive(database: Database): ActiveBundle {
  const header = readSlotRow(database, 'active');
  if (header === null) return { kind: 'none' };
  const content = readContent(database, header);
  if (content === null) {
    return { kind: 'damaged', message: `the stored policy ${header.revision} is not what was written` };
  }
  let policies: readonly unknown[] | null = null;
  return {
    kind: 'active',
    header,
    // most who ask need the header only, and a large bundle takes longer to read than to check
    get policies() {
      return (policies ??= policiesIn(content));
    },
  };
}

/** The bytes of a bundle; null where the row is not what this program wrote. */
function readContent(database: Database, header: BundleHeader): Buffer | null {
  const sql = 'SELECT CAST(content AS BLOB) FROM bundle WHERE id = ?';
  const content = database.prepare<[number], Buffer>(sql).pluck().get(header.id);
  // an edited row is not a policy: somebody else wrote it
  return content !== undefined && rowDigest(header, content) === header.digest ? content : null;
}

export function readSlotRow(database: Database, slot: 'active' | 'candidate'): BundleHeader | null {
  const sql = `SELECT ${COLUMNS} FROM bundle WHERE id = (SELECT bundle FROM slot WHERE name = ?)`;
  const row = database.prepare<[string], BundleRow>(sql).get(slot);
  return row === undefined ? null : headerOf(row);
}

export function readHistory(database: Database, limit: number): readonly BundleHeader[] {
  const sql = `SELECT ${COLUMNS} FROM bundle WHERE activated_at IS NOT NULL ORDER BY id DESC LIMIT ?`;
  return database.prepare<[number], BundleRow>(sql).all(limit).map(headerOf);
}

/** Over everything that decides what the bundle means, so that no column can be exchanged alone. */
function rowDigest(
  { source, org, revision, etag }: Pick<BundleHeader, 'source' | 'org' | 'revision' | 'etag'>,
  content: string | Buffer,
): string {
  return digestOf(JSON.stringify([source, org, revision, etag]), content);
}

function policiesIn(content: Buffer): readonly unknown[] {
  const { policies } = JSON.parse(content.toString('utf8')) as { policies?: unknown };
  if (!Array.isArray(policies)) throw new StoreError('row_invalid', 'a stored bundle holds no policies');
  return policies;
}

function headerOf(row: BundleRow): BundleHeader {
  const { fetched_at: fetchedAt, activated_at: activatedAt, ...rest } = row;
  return { ...rest, fetchedAt, activatedAt };
}
