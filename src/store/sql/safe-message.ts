import { withoutSecrets } from "./without-secrets.js"

/** Parameters this short are not removed: they are no secrets, and would garble the message. */
const SHORTEST_VALUE = 4
/** Matches quoted text in the languages of PostgreSQL. */
const QUOTED = /["'«»„“”「].*["'«»“”」]/s
/** Matches the class of data exceptions, whose messages quote the value. */
const DATA_EXCEPTION = /^22/
const SYNTAX_ERROR = "42601"

/**
 * Removes values from a message: those of `values`, those that PostgreSQL quotes, and words that
 * look like a token, a hash or an address.
 * @param state the SQLSTATE, where the database server wrote the message
 * @param values the parameters of the statement
 * @param names what to leave as it is: tables, columns and constraints
 */
export function safeMessage(
  message: string,
  { state = "", values = [], names = [] }: { state?: string; values?: unknown[]; names?: string[] },
): string {
  let safe = message
  if (DATA_EXCEPTION.test(state)) safe = safe.replace(QUOTED, '"***"').replace(/:\s.*$/s, "")
  if (state === SYNTAX_ERROR) safe = safe.replace(QUOTED, '"***"')
  for (const value of textsIn(values))
    if (value.length >= SHORTEST_VALUE && !names.includes(value)) safe = safe.replaceAll(value, "***")
  return withoutSecrets(safe).replaceAll(/[^\s"'«»„“”()[\]{},;:<>]+/g, (word) =>
    names.includes(word) || !looksSecret(word) ? word : "***",
  )
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i
/** A hash in the form of crypt: `$argon2id$…`, `$2b$…`. */
const HASH = /\$\w+\$/
const EMAIL = /^[^/]+@[^/]+\.[^/]+$/

function looksSecret(word: string): boolean {
  if (UUID.test(word) || HASH.test(word) || EMAIL.test(word)) return true
  if (word.length < 16 || !/\d/.test(word) || !/[a-z]/i.test(word)) return false
  // Names of tables may have digits and underscores. Random text has long parts or mixed case.
  return (/[a-z]/.test(word) && /[A-Z]/.test(word)) || /[a-z0-9]{16}/i.test(word)
}

/**
 * Lists the texts in parameters and in nested lists, longest first, so that a part never hides the
 * whole.
 */
function textsIn(values: unknown[]): string[] {
  const texts = values.flat(Number.POSITIVE_INFINITY).flatMap((value) => (typeof value === "string" ? [value] : []))
  return texts.sort((one, other) => other.length - one.length)
}

/**
 * Names what a statement did to which table, such as `insert into "session"`; undefined for a
 * statement that it can not read.
 */
export function statementSummary(statement: string): string | undefined {
  const withoutLiterals = statement.replaceAll(/'(?:[^']|'')*'/g, "")
  const [, verb = "select", table] =
    /\b(insert into|update|delete from)\s+((?:"[^"]+"\.)?"[^"]+")/i.exec(withoutLiterals) ??
    /()\bfrom\s+((?:"[^"]+"\.)?"[^"]+")/i.exec(withoutLiterals) ??
    []
  return table && `${verb === "" ? "select from" : verb.toLowerCase()} ${table}`
}
