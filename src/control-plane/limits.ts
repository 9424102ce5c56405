/** Every maximum of the control plane. The first three are the API's own (reference: limits of the governance API). */
export const MAX_POLICIES_PER_ORG = 100;
export const MAX_RULES_PER_POLICY = 250;
/** Bytes of the policy as the API shows it, rules included. */
export const MAX_POLICY_BYTES = 400 * 1024;

export const MAX_PAGE_SIZE = 100;
/** Of policy summaries in one page. */
export const MAX_LIST_BYTES = 1024 * 1024;
export const MAX_NAME_CHARACTERS = 256;
export const MAX_TEAM_ID_CHARACTERS = 128;
export const MAX_IDENTIFIER_CHARACTERS = 128;
export const MAX_SECRET_CHARACTERS = 256;

export const MAX_BODY_BYTES = 1024 * 1024;
export const MAX_HEADER_BYTES = 16 * 1024;
export const MAX_CONNECTIONS = 1_024;
export const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 30_000;
export const IDLE_TIMEOUT_MS = 60_000;
export const CLOSE_DEADLINE_MS = 5_000;

export const TOKEN_LIFETIME_SECONDS = 600;
/** How far a token's `iat` may lie ahead of a clock that was set back. */
export const TOKEN_CLOCK_SKEW_SECONDS = 60;
/** Characters; ours have about 400. */
export const MAX_TOKEN_LENGTH = 1_024;

export const MAX_FAILED_EXCHANGES = 10;
export const FAILED_EXCHANGE_WINDOW_MS = 60_000;
export const MAX_REMEMBERED_SOURCES = 10_000;
/** Secrets being checked, and waiting for it, at one time. */
export const MAX_RUNNING_EXCHANGES = 2;
export const MAX_WAITING_EXCHANGES = 256;
