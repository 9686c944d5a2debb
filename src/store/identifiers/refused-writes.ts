import { getTableName, sql } from "drizzle-orm"
import type { PgTable } from "drizzle-orm/pg-core"
import { IdentifierInvalidError, IdentifierTakenError, type LazyError, LazySetupError } from "../../errors.js"
import type { Database } from "../sql/database.js"
import { columnName, qualifiedName, quoted } from "../sql/identifiers.js"
import { queryDocument, queryRows } from "../sql/query.js"
import { type FoundColumn, readColumns } from "../sql/read-columns.js"
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

/** Why PostgreSQL refused the row of a user. */
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
  if (broken && state === NOT_NULL_VIOLATION) return emptyColumn(tables, broken)
  if (broken && state === CHECK_VIOLATION) return whatCheckForbids(db, tables, broken, written)
  if (state === TOO_LONG) return whatIsTooLong(db, tables, written)
  if (UNREPRESENTABLE.includes(state)) return whatIsUnrepresentable(db, written)
  return undefined
}

/**
 * Writes the row of a user, and says which of its values PostgreSQL refuses if it refuses one.
 * @throws IdentifierTakenError, IdentifierInvalidError or LazySetupError, as {@link refusalError} has them
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

/** The error that stands for a refusal, where a user converts or signs up. */
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
  const columns = rule.keys.map(({ column, expression }) => column ?? expression).join(", ")
  return {
    kind: "rule",
    message:
      `LazyAdapter: the unique rule ${quoted(rule.name)} of the table ${labelOf(broken, usersTable)}, on ${columns}, ` +
      "stops the row of a user, and nobody gives these columns a value of their own. Let them take null, without a " +
      "default and with distinct nulls, or drop the rule.",
  }
}

function emptyColumn({ usersTable }: Tables, broken: Violation): Refusal | undefined {
  if (broken.table !== getTableName(usersTable)) return undefined
  return {
    kind: "rule",
    message:
      `LazyAdapter: the column ${quoted(broken.column ?? "")} of the table ${labelOf(broken, usersTable)} is NOT NULL, ` +
      "and nobody gives it a value. Give it a default, in the database or in Drizzle, or drop NOT NULL.",
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
    const columns = await columnsOf(db, tables.usersTable)
    names = columns.filter(({ domain }) => domain != null && domain === dataType).map(({ name }) => name)
  } else {
    names = await checkedColumns(db, schema, table, constraint)
    if (names.length === 0) return undefined
  }
  const field = fields.find(({ column }) => names.includes(column))?.field
  if (field) return { kind: "invalid", field }
  if (table !== undefined && table !== getTableName(tables.usersTable)) return undefined
  return {
    kind: "rule",
    message:
      `LazyAdapter: the check ${quoted(constraint ?? "")} forbids the row of a user in the table ` +
      `${labelOf(broken, tables.usersTable)}. Let it pass rows in which the app has not set anything yet.`,
  }
}

async function checkedColumns(
  db: Database,
  schema: string | undefined,
  table: string,
  constraint: string | undefined,
): Promise<string[]> {
  return queryDocument(
    db,
    sql`
    select coalesce((
      select json_agg(attname)
      from pg_constraint
      join pg_attribute on attrelid = conrelid and attnum = any (conkey)
      where conname = ${constraint ?? null}::text
        and conrelid = to_regclass(concat(quote_ident(${schema ?? null}::text) || '.', quote_ident(${table}::text)))
    ), '[]')::text as document`,
  )
}

/** Finds the column that a value was too long for, which PostgreSQL does not name. */
async function whatIsTooLong(db: Database, tables: Tables, written: WrittenUser): Promise<Refusal | undefined> {
  const { usersTable, passwordsTable } = tables
  const columns = await columnsOf(db, usersTable)
  const isTooLong = (columns: FoundColumn[], name: string, value: string) => {
    const { length = null } = columns.find((column) => column.name === name) ?? {}
    return length !== null && [...value].length > length
  }
  const field = fieldsOf(db, tables, written).find(({ column, value }) => isTooLong(columns, column, value))?.field
  if (field) return { kind: "invalid", field }
  if (!passwordsTable || written.passwordHash === undefined) return undefined
  const ofPasswords = await columnsOf(db, passwordsTable)
  return isTooLong(ofPasswords, columnName(db, passwordsTable.hash), written.passwordHash)
    ? { kind: "invalid", field: "passwordHash" }
    : undefined
}

async function columnsOf(db: Database, table: PgTable): Promise<FoundColumn[]> {
  const [columns] = await readColumns(db, [qualifiedName(table)])
  return columns ?? []
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

/** The columns of the user table that were written; a name to show is made of the username. */
function fieldsOf(db: Database, { usersTable }: Tables, { id, username, email, name }: WrittenUser) {
  const all = [
    { field: "username", column: usersTable.username, value: username },
    { field: "email", column: usersTable.email, value: email },
    { field: "username", column: usersTable.name, value: name },
    { field: "id", column: usersTable.id, value: id },
  ] as const
  return all.flatMap(({ field, column, value }) =>
    value == null ? [] : [{ field, column: columnName(db, column), value }],
  )
}

function labelOf({ schema, table }: Violation, usersTable: Tables["usersTable"]): string {
  const name = table ?? getTableName(usersTable)
  return schema === undefined || schema === "public" ? name : `${schema}.${name}`
}
