import { withoutSecrets } from "./without-secrets.js"

/** Words as short as this are no secrets, and would tear holes into messages. */
const SHORTEST_VALUE = 4
/** From quotation mark to quotation mark, in the languages that PostgreSQL speaks. */
const QUOTED = /["'«»„“”「].*["'«»“”」]/s
/** A value that PostgreSQL quotes begins after a colon, or stands in quotation marks. */
const DATA_EXCEPTION = /^22/
const SYNTAX_ERROR = "42601"

/**
 * What a message says without the values in it: those of `values`, those that PostgreSQL quotes, and words that look like a token, a hash or
 * an address.
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
  // The name of a table may have digits and underscores; what is random has long parts, or all kinds of letters.
  return (/[a-z]/.test(word) && /[A-Z]/.test(word)) || /[a-z0-9]{16}/i.test(word)
}

/** The texts in parameters, also those in lists, longest first, so that no rest of one stays where another is part of it. */
function textsIn(values: unknown[]): string[] {
  const texts = values.flat(Number.POSITIVE_INFINITY).flatMap((value) => (typeof value === "string" ? [value] : []))
  return texts.sort((one, other) => other.length - one.length)
}

/** Names what a statement did to which table, such as `insert into "session"`; undefined where it can't be told. */
export function statementSummary(statement: string): string | undefined {
  const withoutLiterals = statement.replaceAll(/'(?:[^']|'')*'/g, "")
  const [, verb = "select", table] =
    /\b(insert into|update|delete from)\s+((?:"[^"]+"\.)?"[^"]+")/i.exec(withoutLiterals) ??
    /()\bfrom\s+((?:"[^"]+"\.)?"[^"]+")/i.exec(withoutLiterals) ??
    []
  return table && `${verb === "" ? "select from" : verb.toLowerCase()} ${table}`
}
