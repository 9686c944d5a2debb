import { getTableName, sql } from "drizzle-orm"
import { IdentifierInvalidError, IdentifierTakenError, type LazyError, LazySetupError } from "../../errors.js"
import { type Column, readCheckedColumns, readColumnsOf } from "../sql/catalogue/columns.js"
import { readWholeOf } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { columnName, qualifiedName, quoted } from "../sql/identifiers.js"
import { queryRows } from "../sql/query.js"
import { sqlState, TAKEN, UNREPRESENTABLE } from "../sql/sql-state.js"
import { brokenConstraint, type Violation } from "../sql/violation.js"
import type { Tables } from "../tables/resolve-tables.js"
import { isAbout, type KnownBy, readBrokenRule } from "./identifier-rules.js"

/** The values written to the row of a user, and the password hash. */
export interface WrittenUser {
  id?: string
  username?: string | null
  email?: string | null
  name?: string | null
  passwordHash?: string
}

/** The reason why PostgreSQL refused the row of a user. */
export type Refusal =
  | { kind: "taken" | "invalid"; field: KnownBy | "passwordHash" }
  /** Another rule of the app; the message names it and what to do. */
  | { kind: "rule"; message: string }

const TOO_LONG = "22001"
const NOT_NULL_VIOLATION = "23502"
const CHECK_VIOLATION = "23514"

/**
 * Finds out why PostgreSQL refused the row of a user; undefined when the error concerns something
 * else. Queries the catalogue, so the transaction must be over.
 */
export async function findRefusal(
  db: Database,
  tables: Tables,
  error: unknown,
  written: WrittenUser,
): Promise<Refusal | undefined> {
  const state = sqlState(error) ?? ""
  const broken = brokenConstraint(error)
  if (broken && TAKEN.includes(state)) return whatIsTaken(db, tables, broken)
  if (broken && state === NOT_NULL_VIOLATION) return emptyColumn(db, tables, broken)
  if (broken && state === CHECK_VIOLATION) return whatCheckForbids(db, tables, broken, written)
  if (state === TOO_LONG) return whatIsTooLong(db, tables, written)
  if (UNREPRESENTABLE.includes(state)) return whatIsUnrepresentable(db, written)
  return undefined
}

/**
 * Writes the row of a user, and says which of its values PostgreSQL refuses, if it does.
 * @throws IdentifierTakenError, IdentifierInvalidError or LazySetupError; see {@link refusalError}
 */
export async function explainRefused<Result>(
  db: Database,
  tables: Tables,
  written: WrittenUser,
  write: () => Result | PromiseLike<Result>,
): Promise<Result> {
  try {
    return await write()
  } catch (error) {
    const refusal = await findRefusal(db, tables, error, written).catch(() => undefined)
    throw refusal ? refusalError(refusal, error) : error
  }
}

/** Makes the error for a refusal when a user converts or signs up. */
export function refusalError(refusal: Refusal, cause: unknown): LazyError {
  if (refusal.kind === "rule") return new LazySetupError(refusal.message, { cause })
  const { kind, field } = refusal
  if (field === "username" || field === "email")
    return kind === "taken" ? new IdentifierTakenError(field, { cause }) : new IdentifierInvalidError(field, { cause })
  const message =
    field === "id"
      ? "LazyAdapter: the id column refuses the id of a new user. It must take a UUID of 36 characters."
      : "LazyAdapter: the column `hash` of passwordsTable is too short for a password hash. Make it text."
  return new LazySetupError(message, { cause })
}

async function whatIsTaken(db: Database, tables: Tables, broken: Violation): Promise<Refusal | undefined> {
  const { usersTable } = tables
  const named = (["username", "email"] as const).find((field) => broken.column === columnName(db, usersTable[field]))
  if (named) return { kind: "taken", field: named }
  if (broken.constraint === undefined) return undefined
  const rule = await readBrokenRule(db, tables, broken)
  if (!rule) return undefined
  const field = (["email", "username", "id"] as const).find((field) => isAbout(db, tables, rule, field))
  if (field) return { kind: "taken", field }
  const columns = rule.keys.map(({ column, sql }) => column ?? sql).join(", ")
  const label = (await labelOfUsers(db, usersTable, broken)) ?? labelOf(broken, usersTable)
  const where = rule.partition === null ? label : `${label}, in its partition ${rule.partition} alone`
  return {
    kind: "rule",
    message:
      `LazyAdapter: the unique rule ${quoted(rule.name)} of the table ${where}, on ${columns}, ` +
      "stops the row of a user, because no insert gives these columns a value of their own. Let them take null, without " +
      "a default and with distinct nulls, or drop the rule.",
  }
}

async function emptyColumn(db: Database, { usersTable }: Tables, broken: Violation): Promise<Refusal | undefined> {
  const label = await labelOfUsers(db, usersTable, broken)
  if (label === undefined) return undefined
  return {
    kind: "rule",
    message:
      `LazyAdapter: the column ${quoted(broken.column ?? "")} of the table ${label} is NOT NULL, ` +
      "but no insert gives it a value. Give it a default, in the database or in Drizzle, or drop NOT NULL.",
  }
}

async function whatCheckForbids(
  db: Database,
  tables: Tables,
  broken: Violation,
  written: WrittenUser,
): Promise<Refusal | undefined> {
  const { constraint, dataType, schema, table } = broken
  const fields = fieldsOf(db, tables, written)
  let names: string[]
  if (table === undefined) {
    const columns = await readColumnsOf(db, qualifiedName(tables.usersTable))
    names = columns.filter(({ domain }) => domain !== null && domain === dataType).map(({ name }) => name)
  } else {
    names = await readCheckedColumns(db, { schema, table, constraint: constraint ?? "" })
    if (names.length === 0) return undefined
  }
  const field = fields.find(({ column }) => names.includes(column))?.field
  if (field) return { kind: "invalid", field }
  const label =
    table === undefined ? labelOf(broken, tables.usersTable) : await labelOfUsers(db, tables.usersTable, broken)
  if (label === undefined) return undefined
  return {
    kind: "rule",
    message:
      `LazyAdapter: the check ${quoted(constraint ?? "")} forbids the row of a user in the table ` +
      `${label}. Let it pass rows in which the app has set nothing yet.`,
  }
}

/** Finds the column that a value was too long for, which PostgreSQL does not name. */
async function whatIsTooLong(db: Database, tables: Tables, written: WrittenUser): Promise<Refusal | undefined> {
  const { usersTable, passwordsTable } = tables
  const columns = await readColumnsOf(db, qualifiedName(usersTable))
  const isTooLong = (columns: Column[], name: string, value: string) => {
    const { length = null } = columns.find((column) => column.name === name) ?? {}
    return length !== null && [...value].length > length
  }
  const field = fieldsOf(db, tables, written).find(({ column, value }) => isTooLong(columns, column, value))?.field
  if (field) return { kind: "invalid", field }
  if (!passwordsTable || written.passwordHash === undefined) return undefined
  const ofPasswords = await readColumnsOf(db, qualifiedName(passwordsTable))
  return isTooLong(ofPasswords, columnName(db, passwordsTable.hash), written.passwordHash)
    ? { kind: "invalid", field: "passwordHash" }
    : undefined
}

async function whatIsUnrepresentable(
  db: Database,
  { username, email, name }: WrittenUser,
): Promise<Refusal | undefined> {
  for (const [field, value] of [
    ["username", username],
    ["email", email],
    ["username", name],
  ] as const) {
    if (value == null) continue
    try {
      await queryRows(db, sql`select ${value}::text`)
    } catch (error) {
      if (UNREPRESENTABLE.includes(sqlState(error) ?? "")) return { kind: "invalid", field }
      throw error
    }
  }
  return undefined
}

/**
 * Lists the columns of the user table that were written. A display name is made from the username.
 */
function fieldsOf(db: Database, { usersTable }: Tables, { id, username, email, name }: WrittenUser) {
  const all = [
    { field: "username", column: usersTable.username, value: username },
    { field: "email", column: usersTable.email, value: email },
    { field: "username", column: usersTable.name, value: name },
    { field: "id", column: usersTable.id, value: id },
  ] as const
  return all.flatMap(({ field, column, value }) =>
    // A user table may do without `name`.
    value == null || !column ? [] : [{ field, column: columnName(db, column), value }],
  )
}

/**
 * Names the user table as reports do, if it broke the constraint, as a whole or in one of its
 * partitions; undefined for another table. One query at most.
 */
async function labelOfUsers(
  db: Database,
  usersTable: Tables["usersTable"],
  broken: Violation,
): Promise<string | undefined> {
  const { schema, table } = broken
  if (table === undefined) return undefined
  return table === getTableName(usersTable)
    ? labelOf(broken, usersTable)
    : readWholeOf(db, { schema, table }, usersTable)
}

function labelOf({ schema, table }: Violation, usersTable: Tables["usersTable"]): string {
  const name = table ?? getTableName(usersTable)
  return schema === undefined || schema === "public" ? name : `${schema}.${name}`
}
