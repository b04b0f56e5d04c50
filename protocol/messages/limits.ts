/** Sizes that all parties agree on. */

/** One publish or withdraw request: 500 entries of 128 symbols are 190 kB. */
export const BATCH_MAX_ENTRIES = 500;
/** Any request body between organisations. 500 entries of 1,024 symbols, as base64url. */
export const REQUEST_MAX_BYTES = 1_048_576;
/** A lookup's response: 256 origins with two entries each. */
export const LOOKUP_RESPONSE_MAX_BYTES = 1_048_576;
/** An origin's answer: 200 results with a breakdown of 256 features. */
export const ANSWER_MAX_BYTES = 4_194_304;
/** Origins that one query may ask, and one lookup may return. */
export const ORIGINS_MAX = 256;
export const K_MAX = 200;
/** The longest that a requester may wait for a query. */
export const DEADLINE_MAX_MS = 60_000;
