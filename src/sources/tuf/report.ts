import type { OfflineVerification } from '../../tuf/offline.ts';
import { utcText } from '../../tuf/utc-time.ts';
import type { SourceStatus, SourceWarning } from '../source.ts';
import type { PollMemory } from './poll.ts';
import { type StoredVerification, verifyActive } from './verify-stored.ts';

export interface TufReport {
  readonly details: () => SourceStatus['details'];
  readonly warnings: () => readonly SourceWarning[];
}

/** What a person wants to know of a repository; before the first poll, of what is stored. */
export function createTufReport(stored: StoredVerification, memory: PollMemory): TufReport {
  const active = rememberedFor(
    () => `${stored.store.activeRootVersion()} ${memory.root?.root.file.version}`,
    () => verifiedOrNull(stored),
  );
  let damage: string | null = null;
  return {
    details: () => {
      const { root, update } = memory;
      const offline = active();
      const issuedAt = update?.timestamp.issuedAt ?? offline?.issuedAt ?? null;
      const expiresAt = update?.timestamp.expiresAt ?? offline?.timestampExpiresAt ?? null;
      const trusted = root?.root ?? offline?.newestRoot ?? null;
      return {
        root_version: trusted?.file.version ?? null,
        root_expires: timeText(trusted?.file.expiresAt ?? null),
        timestamp_version: update?.timestamp.version ?? null,
        timestamp_issued: timeText(issuedAt),
        timestamp_expires: timeText(expiresAt),
        target: stored.target,
      };
    },
    warnings: (): readonly SourceWarning[] => {
      damage = (memory.root?.broken ?? active()?.broken)?.message ?? damage;
      return [...(active()?.superseded === true ? [SUPERSEDED] : []), ...(damage === null ? [] : [damaged(damage)])];
    },
  };
}

function damaged(how: string): SourceWarning {
  return { code: 'damaged_metadata', message: `stored metadata was damaged, ${how}` };
}

const SUPERSEDED: SourceWarning = {
  code: 'superseded_keys',
  message: 'the keys behind the bundle that serves were replaced, and the rest of that publication has not arrived yet',
};

/** A bundle that cannot be verified is the affair of whoever wants to serve it. */
function verifiedOrNull(stored: StoredVerification): OfflineVerification | null {
  try {
    return verifyActive(stored);
  } catch {
    return null;
  }
}

/** Made anew only where the key has changed, and never at the cost of the status: a database may break meanwhile. */
function rememberedFor<T>(key: () => string, make: () => T): () => T | null {
  let last: { readonly key: string; readonly value: T } | null = null;
  return () => {
    try {
      const now = key();
      if (last?.key !== now) last = { key: now, value: make() };
    } catch {
      // what was known last
    }
    return last?.value ?? null;
  };
}

function timeText(at: number | null): string | null {
  return at === null ? null : utcText(at);
}
