/**
 * The most bytes that are looked at, by kind of metadata. The data model takes quadratic time, and root and timestamp
 * are read before anything vouches for them: these maxima are what keeps junk from holding the thread.
 */
export const MAX_METADATA_BYTES = {
  root: 32 * 1024,
  timestamp: 4 * 1024,
  snapshot: 128 * 1024,
  targets: 128 * 1024,
} as const;

/** As delivered, that is packed. */
export const MAX_TARGET_BYTES = 16 * 1024 * 1024;
/** Unpacked. */
export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

/** Entries that the data model may be given, for the same reason as the bytes. */
export const MAX_ROOT_KEYS = 64;
export const MAX_ROOT_ROLES = 16;
/** Files of a snapshot; targets, keys or roles of one targets file. */
export const MAX_ENTRIES = 512;
export const MAX_REVOKED_KEYS = 256;

export const MAX_DELEGATION_DEPTH = 8;
export const MAX_DELEGATED_ROLES = 32;

/** How far ahead of this machine a signed time may lie (delivery, "Time"). */
export const MAX_CLOCK_SKEW_MS = 5 * 60_000;
