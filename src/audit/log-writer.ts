import { existsSync, renameSync, rmSync, type StatsFs, statfsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { codeOf, messageOf } from '../base/coded-error.ts';
import type { Database } from '../store/database.ts';
import {
  appendRows,
  type ChainEnd,
  isDamage,
  type LogRow,
  openLog,
  readChain,
  readRowsAfter,
} from '../store/log-store.ts';
import { answerQuery } from './answer-query.ts';
import { hexOf, linkHash } from './hash-chain.ts';
import type { WriterStart, WrittenHead } from './log-messages.ts';
import type { LogQuery, LogQueryAnswer } from './log-query.ts';
import { PageEntries, type PageToWrite, type RecordPolicy } from './page-entries.ts';
import { type Entry, recordText, timeText } from './record-text.ts';
import { pruneStep, type Retention } from './retention.ts';

/** The log leaves this much of the disk alone: the policy database beside it needs room for the next policy. */
const KEEP_FREE_BYTES = 256 * 1024 * 1024;
/** Or this part of a disk that is small. */
const KEEP_FREE_PART = 0.05;

export interface WrittenPage {
  readonly written: number;
  readonly head: WrittenHead;
  readonly movedAside: string | null;
}

/**
 * Writes log.db, one transaction a page. It opens the file with the first page and not before: a daemon whose log is
 * huge, damaged or out of reach starts like any other.
 */
export class LogWriter {
  readonly #start: WriterStart;
  #database: Database | null = null;
  /** Of the file that is open: without a look at it, SQLite writes on into one that was removed. */
  #inode: number | null = null;
  #head: ChainEnd = { id: 0, hash: new Uint8Array(32) };
  /** Of the last record. */
  #policy: RecordPolicy = {};
  #movedAside: string | null = null;
  #retention: Retention;

  constructor(start: WriterStart) {
    this.#start = start;
    this.#retention = start.retention;
  }

  /** All or nothing. Throws what the disk or the database says; a file that is damaged is replaced first. */
  write(page: PageToWrite): WrittenPage {
    try {
      // events are few, and what they tell should not be missing
      if (page.count > 0 || page.events.length === 0) this.#assertRoom();
      return this.#write(page);
    } catch (error) {
      this.#forget();
      if (!isDamage(error)) throw error;
      this.#moveAside(messageOf(error), page.at);
      return this.#write(page);
    }
  }

  search(query: LogQuery): LogQueryAnswer {
    const { path } = this.#start;
    try {
      const json = answerQuery(this.#open(Date.now()), query, { file: path, clock: () => performance.now() });
      return { kind: 'records', json };
    } catch (error) {
      return { kind: 'unavailable', message: `the decision log cannot be read: ${messageOf(error)}` };
    }
  }

  /** One step of what is beyond the bounds; whether there is more to take away. */
  prune(now: number): boolean {
    return this.#database !== null && pruneStep(this.#database, this.#retention, now);
  }

  retain(retention: Retention): void {
    this.#retention = retention;
  }

  /** Idempotent. */
  close(at: number): void {
    const database = this.#database;
    this.#database = null;
    if (database === null) return;
    try {
      this.#append(database, [{ at, fields: { type: 'stop', ...this.#policy } }]);
    } finally {
      database.close();
    }
  }

  #write(page: PageToWrite): WrittenPage {
    const entries = new PageEntries(page, this.#policy);
    const database = this.#open(entries.firstAt);
    // what opening has read is what the page begins with
    entries.policy = this.#policy;
    this.#append(database, entries.read());
    this.#policy = entries.policy;
    const movedAside = this.#movedAside;
    this.#movedAside = null;
    return { written: entries.written, head: { id: this.#head.id, hash: hexOf(this.#head.hash) }, movedAside };
  }

  #append(database: Database, entries: Iterable<Entry>): void {
    let head = this.#head;
    const rows = function* (): Generator<LogRow> {
      for (const entry of entries) {
        const id = head.id + 1;
        const text = recordText(id, entry);
        const row = { id, at: entry.at, hash: linkHash(head.hash, text), text };
        head = row;
        yield row;
      }
    };
    appendRows(database, rows());
    this.#head = { id: head.id, hash: head.hash };
  }

  #open(at: number): Database {
    if (this.#database !== null && this.#inode === inodeOf(this.#start.path)) return this.#database;
    this.#forget();
    const database = openLog(this.#start.path);
    try {
      this.#inode = inodeOf(this.#start.path);
      this.#head = readChain(database).head;
      this.#policy = lastPolicy(database, this.#head.id);
      const begin: Entry = { at, fields: { type: 'begin', moved_aside: this.#movedAside, ...this.#policy } };
      const start: Entry = { at, fields: { type: 'start', pid: process.pid, ...this.#policy } };
      this.#append(database, this.#head.id === 0 ? [begin, start] : [start]);
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
    return database;
  }

  /** Whatever is wrong with the file, the next page begins with opening it anew. */
  #forget(): void {
    const database = this.#database;
    this.#database = null;
    database?.close();
  }

  /** One damaged log is kept, the newest: a disk that breaks every day must not fill up with them. */
  #moveAside(why: string, at: number): void {
    const { path } = this.#start;
    const aside = `${path}.damaged`;
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
      // what an earlier one left behind belongs to another file
      else rmSync(aside + suffix, { force: true });
    }
    this.#movedAside = `the log was damaged at ${timeText(at)} and is now \`${basename(aside)}\`: ${why}`;
  }

  #assertRoom(): void {
    const { bavail, blocks, bsize } = this.#disk();
    const needed = Math.min(KEEP_FREE_BYTES, blocks * bsize * KEEP_FREE_PART);
    if (bavail * bsize >= needed) return;
    throw new Error(`the disk of \`${this.#start.path}\` has less than ${Math.ceil(needed / 1024 ** 2)} MiB left`);
  }

  #disk(): StatsFs {
    const directory = dirname(this.#start.path);
    try {
      return statfsSync(directory);
    } catch (error) {
      const gone = codeOf(error) === 'ENOENT';
      const why = gone ? 'it was removed: restart the daemon, which makes it' : messageOf(error);
      throw new Error(`cannot keep decisions in \`${directory}\`: ${why}`, { cause: error });
    }
  }
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

/** What the last record said, so that the first one of this run says it too. */
function lastPolicy(database: Database, head: number): RecordPolicy {
  const [row] = readRowsAfter(database, head - 1, 1);
  if (row === undefined) return {};
  const { revision, generation } = JSON.parse(row.text) as RecordPolicy;
  return { revision, generation };
}
