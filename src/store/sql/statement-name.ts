/**
 * The name under which statements are prepared: none. postgres.js gives them names of its own, and none where the app sets `prepare: false`. node-postgres
 * would take ours as it stands, refuse another statement under the same name on a connection (there may be several adapters, with several sets of tables),
 * and fail behind a pooler that hands a connection to somebody else after each transaction. Unnamed, they are still built only once.
 */
export const STATEMENT_NAME = ""
