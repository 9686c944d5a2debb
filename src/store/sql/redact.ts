import { safeMessage, statementSummary } from "./safe-message.js"

/**
 * Removes secrets from an error. Replaces a database error by a copy of its class without
 * statement, parameters and quoted values; SQLSTATE, table, column and constraint stay. Returns any
 * other error itself, with database errors in its `cause` and `errors` replaced.
 */
export function redactError(error: unknown): unknown {
  try {
    return redact(error, [], new Map())
  } catch {
    // An error that throws when it is read, such as a proxy, is dropped.
    return new Error("A statement failed with an error that could not be read.")
  }
}

/** Wraps the methods of an object so that their errors hold no secrets. Copies other properties. */
export function redactErrors<Methods extends object>(methods: Methods): Methods {
  const redacted = Object.entries(methods).map(([name, value]) => [
    name,
    typeof value === "function" ? redacting(value as Method) : value,
  ])
  return Object.fromEntries(redacted) as Methods
}

/** Runs database work whose errors are redacted. */
export function redactErrorsOf<Result>(work: () => Promise<Result>): Promise<Result> {
  return redacting(work)() as Promise<Result>
}

type Method = (...args: unknown[]) => unknown

function redacting(method: Method): Method {
  return (...args) => {
    try {
      const result = method(...args)
      return result instanceof Promise ? result.catch(rethrow) : result
    } catch (error) {
      return rethrow(error)
    }
  }
}

function rethrow(error: unknown): never {
  throw redactError(error)
}

/**
 * The fields of a failed statement that are kept, by their names in postgres.js, node-postgres,
 * PGlite and Node.
 */
const KEPT = [
  "code",
  "severity",
  "severity_local",
  "schema",
  "schema_name",
  "table",
  "table_name",
  "column",
  "column_name",
  "dataType",
  "type_name",
  "constraint",
  "constraint_name",
  "routine",
  "errno",
  "syscall",
  "address",
  "hostname",
  "port",
]
const NAMES = /^(schema|table|column|constraint|dataType|type)(_name)?$/
/** Where errors carry the values of a statement, or, with ioredis, of a command. */
const VALUES = ["params", "parameters", "args"]

const STATEMENT_FIELDS = [...VALUES, "query", "detail", "hint", "where", "internal_query", "internalQuery", "command"]

type Fields = Record<string, unknown>

/** The copies made here, which are safe already. */
const copies = new WeakSet<object>()

/**
 * Redacts one error and its causes.
 * @param outer the parameters of the statement that this error is a cause of
 */
function redact(error: unknown, outer: unknown[], seen: Map<unknown, unknown>, inside = false): unknown {
  if (!(error instanceof Error) || copies.has(error)) return error
  const known = seen.get(error)
  if (known) return known
  const fields = error as unknown as Fields
  if (!inside && !isOfStatement(fields)) {
    seen.set(error, error)
    replaceCauses(error, seen)
    return error
  }
  const values = [...outer, ...VALUES.map((name) => fields[name]), argsOf(fields.command)]
  const copy = copyOf(error, values)
  seen.set(error, copy)
  const define = (name: string, value: unknown) =>
    Object.defineProperty(copy, name, { value, writable: true, configurable: true })
  if (error.cause !== undefined) define("cause", redact(error.cause, values, seen, true))
  if (Array.isArray(fields.errors))
    define(
      "errors",
      fields.errors.map((each) => redact(each, values, seen, true)),
    )
  return copy
}

/**
 * Tells whether an error carries a statement: errors of Drizzle, PGlite and postgres.js do, and
 * errors of a server have a severity.
 */
function isOfStatement(fields: Fields): boolean {
  if (typeof fields.query === "string" && VALUES.some((name) => name in fields)) return true
  if (typeof fields.severity === "string" && typeof fields.code === "string") return true
  return argsOf(fields.command) !== undefined
}

const argsOf = (command: unknown): unknown =>
  typeof command === "object" && command !== null && "args" in command ? command.args : undefined

/** Redacts the causes of an error of the app or of this library, in place. */
function replaceCauses(error: Error, seen: Map<unknown, unknown>): void {
  const fields = error as unknown as Fields
  for (const name of ["cause", "errors"]) {
    const value = fields[name]
    const redacted = redactWithin(value, seen)
    if (redacted === value) continue
    const own = Object.getOwnPropertyDescriptor(error, name)
    Object.defineProperty(error, name, {
      enumerable: own?.enumerable ?? false,
      writable: true,
      configurable: true,
      value: redacted,
    })
  }
}

/** Redacts a cause: an error, a list of errors, or an object that holds one, as in Auth.js. */
function redactWithin(value: unknown, seen: Map<unknown, unknown>): unknown {
  if (value instanceof Error) return redact(value, [], seen)
  if (Array.isArray(value)) {
    const list = value.map((each) => redact(each, [], seen))
    return list.some((each, position) => each !== value[position]) ? list : value
  }
  if (typeof value !== "object" || value === null || !("err" in value)) return value
  const err = redact(value.err, [], seen)
  if (err === value.err) return value
  // Auth.js spreads the fields of a cause beside it.
  const rest = Object.entries(value).filter(([name]) => !STATEMENT_FIELDS.includes(name))
  return { ...Object.fromEntries(rest), err }
}

function copyOf(error: Error, values: unknown[]): Error {
  const fields = error as unknown as Fields
  const names = Object.keys(fields).flatMap((name) => {
    const value = fields[name]
    return NAMES.test(name) && typeof value === "string" ? [value] : []
  })
  const state = typeof fields.code === "string" && typeof fields.severity === "string" ? fields.code : undefined
  const message = messageOf(error, { state, values, names })
  const copy = new Error(message)
  Object.setPrototypeOf(copy, Object.getPrototypeOf(error))
  for (const name of ["name", ...KEPT]) {
    const value = fields[name]
    if (!Object.hasOwn(error, name) || (typeof value !== "string" && typeof value !== "number")) continue
    Object.defineProperty(copy, name, { value, writable: true, configurable: true, enumerable: name !== "name" })
  }
  // Keep the types of these fields for code that reads them.
  if (Array.isArray(fields.params)) Object.assign(copy, { query: statementOf(fields), params: [] })
  copy.stack = `${copy.name}: ${message}${framesOf(error)}`
  copies.add(copy)
  return copy
}

function messageOf(error: Error, known: { state?: string; values: unknown[]; names: string[] }): string {
  const fields = error as unknown as Fields
  // Drizzle below 0.44 passes on errors of node-postgres, which don't hold the parameters.
  if (fields.routine === RAISE && !known.values.some((each) => Array.isArray(each))) return RAISED
  const holdsStatement = typeof fields.query === "string" && fields.query !== "" && error.message.includes(fields.query)
  return holdsStatement ? `Failed query: ${statementOf(fields)}` : safeMessage(error.message, known)
}

/** The function of PostgreSQL behind RAISE in PL/pgSQL, whose text the app's own code writes. */
const RAISE = "exec_stmt_raise"
const RAISED = "A trigger or a function raised an error, whose message is left out: it may quote values."

const statementOf = ({ query }: Fields): string => statementSummary(String(query)) ?? "a statement"

/** Extracts the stack frames that follow the message, which may itself hold similar lines. */
function framesOf({ stack = "", message }: Error): string {
  const start = stack.indexOf(message)
  const lines = (start < 0 ? stack : stack.slice(start + message.length)).split("\n")
  const frames = lines.slice(
    1 + lines.findLastIndex((line) => !/^ {4}at \S.*(:\d+\)?|<anonymous>\)?|native\)?)$/.test(line)),
  )
  return frames.map((frame) => `\n${frame}`).join("")
}
