/** Every maximum of the sockets and every time they give (api, "Files and who may what"). */

/** A longer line closes the connection. */
export const MAX_LINE_BYTES = 65_536;
/** Request line and header fields of one HTTP request; more is 431. */
export const MAX_HEAD_BYTES = 8 * 1024;
/** More is 413. */
export const MAX_BODY_BYTES = 64 * 1024;
export const MAX_BATCH_BODY_BYTES = 1024 * 1024;
export const MAX_BATCH_ITEMS = 1_000;
/** What one connection may have sent without it having been used; then the socket is not read any further. */
export const MAX_UNREAD_BYTES = 2 * MAX_LINE_BYTES;
/** Lines of one connection that wait for a path to be resolved; later lines are read when one has been answered. */
export const MAX_UNANSWERED_LINES = 16;
/** The same for all connections together, beside one line each: nobody waits for the disk behind everybody's queue. */
export const MAX_UNANSWERED_IN_ALL = 64;
/** Answers of one connection that are ready and kept back behind such a line. */
export const MAX_UNSENT_ANSWERS = 1_024;
/** After an answer that closes: how much is still read and thrown away, so that the answer is seen and not a reset. */
export const MAX_LINGER_BYTES = 2 * MAX_BATCH_BODY_BYTES;
export const LINGER_MS = 1_000;
/** `Retry-After` of a 503 that does not know better. */
export const RETRY_AFTER_SECONDS = 1;

/** The limits that an operator or a test may set; everything else is fixed by the protocol. */
export interface LocalApiLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerUid: number;
  /** From accepting a connection to its first complete request. */
  readonly firstRequestMs: number;
  /** Without a request in progress. */
  readonly idleMs: number;
  /** From a complete request to its decision. */
  readonly requestMs: number;
  /** For what is in progress when the server closes. */
  readonly drainMs: number;
  /** Between two looks whether callers still find the sockets. */
  readonly socketLookMs: number;
}

export const DEFAULT_LOCAL_API_LIMITS: LocalApiLimits = {
  maxConnections: 1_024,
  maxConnectionsPerUid: 128,
  firstRequestMs: 5_000,
  idleMs: 60_000,
  requestMs: 250,
  drainMs: 5_000,
  socketLookMs: 5_000,
};
