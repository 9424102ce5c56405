import { digestOf } from '../bundle/policy-revision.ts';
import type { BundleTerms } from '../policy/bundle-terms.ts';
import { type Database, prepared } from './database.ts';
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
  /** What a bundle says beside its policies; null = a listing, which says nothing. */
  readonly terms: BundleTerms | null;
  /** Where a bundle stands among all of its kind; null = a listing, which has no order. */
  readonly origin: BundleOrigin | null;
}

/** Plain JSON. */
export interface BundleOrigin {
  /** `sha256:…` of what was delivered, byte for byte. */
  readonly digest: string;
  /** (epoch, revision) only grows (delivery, "What always holds"); a bundle that nobody signed has epoch 0. */
  readonly epoch: number;
  /** Of the TUF root that it was verified with. */
  readonly rootVersion: number | null;
  /** Id of the key that signed a bundle file; absent = nobody did, or TUF says who. */
  readonly signer?: string;
}

export interface CandidateBundle
  extends Pick<BundleHeader, 'source' | 'org' | 'revision' | 'etag' | 'fetchedAt' | 'terms' | 'origin'> {
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
  readonly terms: string | null;
  readonly origin: string | null;
}

const COLUMNS = 'id, source, org, revision, digest, etag, fetched_at, activated_at, terms, origin';

/** Returns the row's id. A bundle that never became active leaves no trace once the next one comes. */
export function insertCandidate(database: Database, bundle: CandidateBundle): number {
  const { source, org, revision, etag, fetchedAt } = bundle;
  const content = JSON.stringify({ policies: bundle.policies });
  const [terms, origin] = [textOf(bundle.terms), textOf(bundle.origin)];
  const digest = rowDigest({ source, org, revision, etag, terms, origin }, content);
  prepared(database, "DELETE FROM slot WHERE name = 'candidate'").run();
  prepared(database, 'DELETE FROM bundle WHERE activated_at IS NULL').run();
  const { lastInsertRowid } = prepared(
    database,
    'INSERT INTO bundle (source, org, revision, digest, etag, content, fetched_at, terms, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  ).run(source, org, revision, digest, etag, content, fetchedAt, terms, origin);
  prepared(database, "INSERT INTO slot (name, bundle) VALUES ('candidate', ?)").run(lastInsertRowid);
  return Number(lastInsertRowid);
}

export function readActive(database: Database): ActiveBundle {
  return bundleOf(database, readRow(database, 'active'));
}

/** A bundle of the history, by the id of its row. */
export function readKept(database: Database, id: number): ActiveBundle {
  const row = prepared<[number], BundleRow>(database, `SELECT ${COLUMNS} FROM bundle WHERE id = ?`).get(id);
  return bundleOf(database, row ?? null);
}

function bundleOf(database: Database, row: BundleRow | null): ActiveBundle {
  if (row === null) return { kind: 'none' };
  const content = readContent(database, row);
  if (content === null) {
    return { kind: 'damaged', message: `the stored policy ${row.revision} is not what was written` };
  }
  const header = headerOf(row);
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
function readContent(database: Database, row: BundleRow): Buffer | null {
  const sql = 'SELECT CAST(content AS BLOB) FROM bundle WHERE id = ?';
  const content = prepared<[number], Buffer>(database, sql).pluck().get(row.id);
  // an edited row is not a policy: somebody else wrote it
  return content !== undefined && rowDigest(row, content) === row.digest ? content : null;
}

export function readSlotRow(database: Database, slot: 'active' | 'candidate'): BundleHeader | null {
  const row = readRow(database, slot);
  return row === null ? null : headerOf(row);
}

function readRow(database: Database, slot: 'active' | 'candidate'): BundleRow | null {
  const sql = `SELECT ${COLUMNS} FROM bundle WHERE id = (SELECT bundle FROM slot WHERE name = ?)`;
  return prepared<[string], BundleRow>(database, sql).get(slot) ?? null;
}

export function readHistory(database: Database, limit: number): readonly BundleHeader[] {
  const sql = `SELECT ${COLUMNS} FROM bundle WHERE activated_at IS NOT NULL ORDER BY id DESC LIMIT ?`;
  return prepared<[number], BundleRow>(database, sql).all(limit).map(headerOf);
}

/** Over everything that decides what the bundle means, so that no column can be exchanged alone. */
function rowDigest(
  { source, org, revision, etag, terms, origin }: Omit<BundleRow, 'id' | 'digest' | 'fetched_at' | 'activated_at'>,
  content: string | Buffer,
): string {
  // a row of before the terms has the digest of before
  const signed = terms === null && origin === null ? [] : [terms, origin];
  return digestOf(JSON.stringify([source, org, revision, etag, ...signed]), content);
}

function textOf(value: BundleTerms | BundleOrigin | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function policiesIn(content: Buffer): readonly unknown[] {
  const { policies } = JSON.parse(content.toString('utf8')) as { policies?: unknown };
  if (!Array.isArray(policies)) throw new StoreError('row_invalid', 'a stored bundle holds no policies');
  return policies;
}

/** Rows of earlier versions do not say what the bundle demands. */
const NO_DEMANDS: Pick<BundleTerms, 'requires' | 'minVersion'> = { requires: [], minVersion: null };

function headerOf(row: BundleRow): BundleHeader {
  const { fetched_at: fetchedAt, activated_at: activatedAt, terms, origin, ...rest } = row;
  return {
    ...rest,
    fetchedAt,
    activatedAt,
    // written by `insertCandidate`: the digest covers them
    terms: terms === null ? null : { ...NO_DEMANDS, ...(JSON.parse(terms) as BundleTerms) },
    origin: origin === null ? null : (JSON.parse(origin) as BundleOrigin),
  };
}
