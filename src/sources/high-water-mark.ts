import type { BundleHeader, BundleOrigin } from '../store/bundle-rows.ts';
import type { Mark, MarkFile, MarkReading } from '../store/mark-file.ts';
import { SourceError } from './source-failure.ts';

/** How the database and the mark beside it stand to each other when the daemon starts. */
export type Standing =
  /** Neither knows of any policy. */
  | { readonly kind: 'first' }
  /** The database holds what was served last; `repaired`: the mark was not up to date, and is now. */
  | { readonly kind: 'held'; readonly repaired: boolean }
  /** It holds something else: an older copy, or nothing. */
  | { readonly kind: 'mismatch'; readonly message: string };

/** The part of a bundle that has a place in an order. */
type Ordered = Pick<BundleHeader, 'source' | 'org' | 'revision' | 'origin'>;

/** What was trusted before, as far as is known outside the database; null = nothing. */
export interface TrustFloor {
  readonly rootVersion: number | null;
  readonly issuedAt: number | null;
}

/**
 * What this machine has served, remembered apart from its database (delivery, "What always holds"): whoever brings back
 * an older database, or serves an older bundle, is found out.
 */
export interface HighWaterMark {
  /** At start: whether the stored policy is the one that was served last. Repairs the mark where it is. */
  judge(stored: BundleHeader | null): Standing;
  /** Throws a `SourceError` for a bundle below what was served before, here or in the database. */
  assertNotBelow(bundle: Ordered, stored: BundleHeader | null): void;
  /** The organisation of what was served last; null = none was. */
  org(): string | null;
  /** What a signed bundle was trusted by: no root and no statement below these is believed. */
  floor(): TrustFloor;
  /** What has been trusted since is remembered too, if it is higher: on the disk when it returns. Throws a `StoreError`. */
  raise(trusted: TrustFloor): void;
  /** Before the transaction: on the disk when it returns. `issuedAt`: what confirms it. Throws a `StoreError`. */
  prepare(next: BundleHeader, issuedAt: number | null): void;
  /** Behind the transaction. Throws a `StoreError`; the database equals `next` then, and the next start repairs it. */
  commit(active: BundleHeader, issuedAt: number | null): void;
  /** As on the first start. */
  clear(): void;
}

export function openHighWaterMark(file: MarkFile): HighWaterMark {
  let reading: MarkReading = file.read();
  const write = (active: Mark | null, next: Mark | null): void => {
    file.write({ active, next });
    reading = { kind: 'marks', marks: { active, next } };
  };
  const active = (): Mark | null => (reading.kind === 'marks' ? reading.marks.active : null);
  return {
    judge(stored) {
      const standing = standingOf(reading, stored);
      const isUpToDate = reading.kind === 'marks' && reading.marks.next === null && same(active(), markOf(stored));
      if (standing.kind === 'mismatch' || isUpToDate) return standing;
      write(repairedMark(reading, stored), null);
      return standing.kind === 'held' ? { kind: 'held', repaired: true } : standing;
    },
    assertNotBelow(bundle, stored) {
      const mark = active();
      assertNotBelow(bundle, mark === null || mark.epoch === null ? null : { ...mark, epoch: mark.epoch });
      const origin = stored?.origin ?? null;
      assertNotBelow(bundle, stored === null || origin === null ? null : { ...stored, ...origin });
    },
    org: () => active()?.org ?? null,
    floor: () => ({ rootVersion: active()?.rootVersion ?? null, issuedAt: active()?.issuedAt ?? null }),
    raise(trusted) {
      const mark = active();
      // what no signed bundle stands behind has no place yet
      if (mark === null || mark.rootVersion === null) return;
      const raised = withFloor(mark, trusted);
      if (raised.rootVersion !== mark.rootVersion || raised.issuedAt !== mark.issuedAt) write(raised, null);
    },
    prepare: (next, issuedAt) => write(active(), above(active(), markOf(next, issuedAt))),
    commit(header, issuedAt) {
      const served = above(active(), markOf(header, issuedAt));
      // also where it cannot be written: what the database holds by now must stand in the next `prepare`
      reading = { kind: 'marks', marks: { active: served, next: null } };
      write(served, null);
    },
    clear() {
      file.remove();
      reading = { kind: 'absent' };
    },
  };
}

function standingOf(reading: MarkReading, stored: BundleHeader | null): Standing {
  const mark = markOf(stored);
  switch (reading.kind) {
    case 'unreadable':
      return { kind: 'mismatch', message: reading.message };
    case 'absent':
      if (mark === null) return { kind: 'first' };
      return { kind: 'mismatch', message: 'the high-water mark beside the database is gone' };
    case 'marks': {
      const { active, next } = reading.marks;
      if (same(mark, active) || (next !== null && same(mark, next))) return { kind: 'held', repaired: false };
      const was = (next ?? active)?.revision ?? 'none';
      const is = mark?.revision ?? 'none';
      return { kind: 'mismatch', message: `the database holds revision ${is} and this machine has served ${was}` };
    }
  }
}

interface Floor extends Pick<Mark, 'source' | 'org' | 'revision' | 'digest'> {
  readonly epoch: number;
}

/** (epoch, revision) only grows; bundles of another source, and listings, stand in no order with it. */
function assertNotBelow(bundle: Ordered, floor: Floor | null): void {
  const { origin } = bundle;
  if (floor === null || origin === null || floor.source !== bundle.source || floor.org !== bundle.org) return;
  const order = origin.epoch - floor.epoch || Number(bundle.revision) - Number(floor.revision);
  if (order > 0 || (order === 0 && origin.digest === floor.digest)) return;
  const what =
    order === 0 ? 'has other content than the one of that revision that was served' : 'is older than what was served';
  const message = `revision ${bundle.revision} ${what}: revision ${floor.revision}; publish a new revision`;
  throw new SourceError('verify', 'rollback', message);
}

/** The one of the two that the database equals, with what it remembers besides. */
function repairedMark(reading: MarkReading, stored: BundleHeader | null): Mark | null {
  const mark = markOf(stored);
  if (reading.kind !== 'marks') return mark;
  const { active, next } = reading.marks;
  return [next, active].find((known) => known !== null && same(known, mark)) ?? mark;
}

function markOf(header: BundleHeader | null, issuedAt: number | null = null): Mark | null {
  if (header === null) return null;
  const { source, org, revision, origin } = header;
  return {
    source,
    org,
    revision,
    digest: digestOf(header, origin),
    epoch: origin?.epoch ?? null,
    rootVersion: origin?.rootVersion ?? null,
    issuedAt: origin === null ? null : issuedAt,
  };
}

/** Of the same organisation's repository nothing that was trusted is forgotten. */
function above(known: Mark | null, mark: Mark | null): Mark | null {
  const isComparable = known !== null && mark !== null && known.org === mark.org && mark.rootVersion !== null;
  return isComparable ? withFloor(mark, known) : mark;
}

function withFloor(mark: Mark, { rootVersion, issuedAt }: TrustFloor): Mark {
  return {
    ...mark,
    rootVersion: highest(mark.rootVersion, rootVersion),
    issuedAt: highest(mark.issuedAt, issuedAt),
  };
}

function highest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

/** A bundle is known by what was delivered, a listing by the row that was made of it. */
function digestOf({ digest }: BundleHeader, origin: BundleOrigin | null): string {
  return origin?.digest ?? digest;
}

function same(one: Mark | null, other: Mark | null): boolean {
  if (one === null || other === null) return one === other;
  return one.digest === other.digest && one.revision === other.revision && one.org === other.org;
}
