/** Every maximum that what comes from outside must keep, and every time it may take. */

// The governance source. Docker's own limits are 100 policies of 400 KB; ours leave room for other servers.
export const MAX_TOKEN_ANSWER_BYTES = 64 * 1024;
export const MAX_LIST_PAGE_BYTES = 4 * 1024 * 1024;
export const MAX_POLICY_BYTES = 4 * 1024 * 1024;
/** All policies of an organisation together, in characters of canonical JSON. */
export const MAX_BUNDLE_CHARACTERS = 64 * 1024 * 1024;
export const MAX_LIST_PAGES = 100;
export const MAX_POLICIES = 5_000;
export const MAX_RULES_PER_POLICY = 50_000;
export const MAX_PAGE_TOKEN_CHARACTERS = 4_096;
export const MAX_ID_CHARACTERS = 128;
export const MAX_NAME_CHARACTERS = 512;
export const MAX_TEXT_CHARACTERS = 16_384;

/** The pinned root of a TUF repository; as large as any root may be (tuf: parsing is quadratic). */
export const MAX_PINNED_ROOT_BYTES = 32 * 1024;
export const MAX_KEY_FILE_BYTES = 16 * 1024;
// A bundle document (delivery, The bundle), in characters of its text where nothing else is said.
export const MAX_BUNDLE_DEPTH = 20;
export const MAX_BUNDLE_TESTS = 1_000;
export const MAX_REQUIRED_FEATURES = 64;
export const MAX_SUPPORT_MESSAGE_CHARACTERS = 500;
/** A signed bundle file: base64 adds a third, and the signatures some. */
export const MAX_ENVELOPE_BYTES = 96 * 1024 * 1024;
export const MAX_ENVELOPE_SIGNATURES = 16;
/** What all tests of one bundle may take together, in milliseconds. */
export const BUNDLE_TESTS_DEADLINE_MS = 10_000;

export const MAX_CREDENTIAL_FILE_BYTES = 16 * 1024;
export const MAX_IDENTIFIER_CHARACTERS = 256;
export const MAX_SECRET_CHARACTERS = 4_096;
/** A bearer token longer than this would not fit into the headers that servers take. */
export const MAX_ACCESS_TOKEN_CHARACTERS = 8_192;

/** The largest local override file (delivery, "Local override files"). */
export const LOCAL_FILE_BYTES = 1_048_576;

// Deadlines, in milliseconds.
export const REQUEST_DEADLINE_MS = 15_000;
export const CONNECT_DEADLINE_MS = 5_000;
export const SYNC_DEADLINE_MS = 240_000;
export const COMPILE_DEADLINE_MS = 60_000;

// Polling (delivery, What always holds).
export const DEFAULT_GOVERNANCE_INTERVAL_MS = 120_000;
export const DEFAULT_BUNDLE_INTERVAL_MS = 60_000;
export const MIN_INTERVAL_MS = 30_000;
export const MAX_INTERVAL_MS = 3_600_000;
export const MAX_CA_FILE_BYTES = 4 * 1024 * 1024;
