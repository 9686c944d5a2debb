import { getTableColumns, isNotNull, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { redefinedTable } from "../sql/redefined-table.js"
import { familyOf } from "./column-family.js"
import { NO_PROOFS } from "./column-rules.js"
import { isProven, type UserRow } from "./user-row.js"

/** The columns that {@link withProofMoments} made, whatever table has them. */
const booleans = new WeakSet<AnyPgColumn>()

/**
 * Returns the user table for the statements of the store. A boolean `emailVerified` is read and
 * written as Auth.js knows it: a moment, or null. A proof of unknown time is one of 1970.
 */
export function withProofMoments<Users extends PgTable>(usersTable: Users): Users {
  const column: AnyPgColumn | undefined = getTableColumns(usersTable).emailVerified
  if (!column || familyOf(column) !== "boolean") return usersTable
  const emailVerified: AnyPgColumn = Object.assign(Object.create(column), {
    mapToDriverValue: (value: unknown) => column.mapToDriverValue(typeof value === "boolean" ? value : value !== null),
    mapFromDriverValue: (value: unknown) => (column.mapFromDriverValue(value) === true ? new Date(0) : null),
  })
  booleans.add(emailVerified)
  return redefinedTable(usersTable, { ...getTableColumns(usersTable), emailVerified })
}

/** Tells whether the user table has room for the proof of an address. */
export function recordsProofs(usersTable: PgTable): boolean {
  return "emailVerified" in getTableColumns(usersTable)
}

/** Builds the condition for a user whose address is proven, as `isProven` is for a row. */
export function isProvenUser(usersTable: PgTable): SQL {
  const column: AnyPgColumn | undefined = getTableColumns(usersTable).emailVerified
  if (!column) return sql`false`
  return booleans.has(column) ? sql`${column} is true` : isNotNull(column)
}

/** Writes an unproven address as the column has it: null, or false in a boolean. */
export function writtenUser<Row extends { emailVerified?: Date | null }>(usersTable: PgTable, row: Row): Row {
  const column: AnyPgColumn | undefined = getTableColumns(usersTable).emailVerified
  if (row.emailVerified !== null || !column || !booleans.has(column)) return row
  return { ...row, emailVerified: false as unknown as null }
}

/** Returns a row as the app has defined it: with the boolean of a proven address. */
export function asDefined(usersTable: PgTable, row: UserRow): UserRow {
  const column: AnyPgColumn | undefined = getTableColumns(usersTable).emailVerified
  if (!column || !booleans.has(column)) return row
  return { ...row, emailVerified: isProven(row) as unknown as Date }
}

/**
 * Refuses to write the proof of an address that the user table has no room for: the next request
 * would not know of it.
 * @throws LazySetupError with the column to add
 */
export function requireRoomForProof(usersTable: PgTable, row: { emailVerified?: Date | null }): void {
  if (row.emailVerified != null && !recordsProofs(usersTable)) throw new LazySetupError(`LazyAdapter: ${NO_PROOFS}`)
}
