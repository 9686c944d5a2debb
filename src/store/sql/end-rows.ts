import { eq, type SQL } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { readDeletionGuards } from "./catalogue/rights.js"
import type { Database } from "./database.js"
import { qualifiedName } from "./identifiers.js"

/** The rows of a table that were deleted. */
export interface EndedRows {
  rows: number
  /** The name of the table in reports. */
  label: string
}

/**
 * Deletes every row that gives a way into the account of a user, or back to it. Checks afterwards
 * that no trigger, rule or row-level security has kept one.
 * @returns the number of rows, and of which table; none when the app has no such table
 * @throws LazySetupError when a row stays, or could stay unseen
 */
export function endRows(tx: Database, table: PgTable, column: AnyPgColumn, userId: string): Promise<EndedRows> {
  return endRowsWhere(tx, table, column, eq(column, userId))
}

/** Deletes rows as {@link endRows} does, for the users that a condition on their column matches. */
export async function endRowsWhere(
  tx: Database,
  table: PgTable,
  column: AnyPgColumn,
  isOfUser: SQL,
): Promise<EndedRows> {
  const name = qualifiedName(table)
  const found = await readDeletionGuards(tx, table)
  if (!found) return { rows: 0, label: name }
  if (found.hides)
    throw new LazySetupError(
      `Row-level security hides rows of ${name} from this role, so rows of a user could stay unseen. ` +
        `Let the role see and delete all of them: create policy lazy on ${name} to ${found.role} using (true) with check (true);`,
    )
  const deleted = await tx.delete(table).where(isOfUser).returning({ userId: column })
  const left = found.intercepts ? await tx.select({ userId: column }).from(table).where(isOfUser).limit(1) : []
  if (left.length > 0)
    throw new LazySetupError(
      `A trigger, a rule or row-level security keeps rows of ${name} from being deleted, which still give a way into the account. ` +
        "Let DELETE delete them. Nothing was changed.",
    )
  return { rows: deleted.length, label: found.label }
}
