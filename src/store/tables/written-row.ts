import type { PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { TELLING_USER_COLUMNS, WRITTEN_USER_COLUMNS } from "./column-rules.js"
import { writtenUser } from "./proof-column.js"
import type { UserRow } from "./user-row.js"

/**
 * Adds null for every meaningful column that is not given, so that no default of the database makes
 * a user lazy, converted or verified. Other columns keep their defaults.
 */
export function rowToInsert<Given extends Partial<UserRow>>(
  usersTable: PgTable,
  given: Given,
): Given & Partial<UserRow> {
  const row: Record<string, unknown> = {}
  for (const property of WRITTEN_USER_COLUMNS) row[property] = null
  for (const [property, value] of Object.entries(given)) if (value !== undefined) row[property] = value
  return writtenUser(usersTable, row as Given & Partial<UserRow>)
}

/**
 * Compares a row that PostgreSQL returned with what was written. Returns an error when a trigger
 * has made the user verified, lazy or converted, or has undone that.
 */
export function changedRow(user: UserRow, written: Partial<UserRow>): LazySetupError | undefined {
  const changed = TELLING_USER_COLUMNS.find(
    (property) => written[property] !== undefined && saysNothing(user[property]) !== saysNothing(written[property]),
  )
  if (changed === undefined) return undefined
  const what = saysNothing(written[changed]) ? "sets it" : "clears it"
  return new LazySetupError(
    `LazyAdapter: ${changed} was written as ${saysNothing(written[changed]) ? "null" : "a date"}, but a trigger of the user table ${what}. ` +
      "Change the trigger to leave the column alone. Nothing was changed.",
  )
}

/** Tells whether a value is empty: null, or false in a boolean `emailVerified`. */
const saysNothing = (value: unknown) => value == null || value === false

/**
 * Refuses a row that a trigger has changed.
 * @throws LazySetupError when {@link changedRow} finds a change
 */
export function refuseChangedRow(user: UserRow, written: Partial<UserRow>): void {
  const refusal = changedRow(user, written)
  if (refusal) throw refusal
}
