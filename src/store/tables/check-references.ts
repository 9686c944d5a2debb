import { getTableName, is } from "drizzle-orm"
import { type AnyPgColumn, PgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"
import { holdsIds } from "./app-credentials.js"
import type { Tables } from "./resolve-tables.js"

/**
 * Checks the columns that an app declares to hold user ids.
 * @throws LazySetupError naming the column
 */
export function checkReferences(references: readonly AnyPgColumn[], tables: Tables): void {
  const { id } = tables.usersTable
  const ofApp = (tables.credentials ?? []).map(({ table }) => table)
  const credentials: unknown[] = [
    tables.accountsTable,
    tables.sessionsTable,
    tables.authenticatorsTable,
    tables.passwordsTable,
  ]
  for (const [position, column] of references.entries()) {
    if (!is(column, PgColumn) || !is(column.table, PgTable))
      throw new LazySetupError(`LazyAdapter: references[${position}] is not a column of a table made with pgTable().`)
    const where = `LazyAdapter: references: "${getTableName(column.table)}"."${column.name}"`
    if (column === id || credentials.includes(column.table))
      throw new LazySetupError(`${where} belongs to Auth.js and is never moved. Remove it from references.`)
    if (ofApp.includes(column.table))
      throw new LazySetupError(
        `${where} is in a table of the option credentials, whose rows are deleted and never moved. Remove it from references or from credentials.`,
      )
    if (!holdsIds(column, id))
      throw new LazySetupError(
        `${where} is of type ${column.getSQLType()}, which can't hold an id of type ${id.getSQLType()}. ` +
          "Give it the type of the user table's id.",
      )
  }
}
