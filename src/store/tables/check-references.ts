import { getTableName, is } from "drizzle-orm"
import { type AnyPgColumn, PgColumn, PgTable } from "drizzle-orm/pg-core"
import { SetupProblems } from "../../setup-problems.js"
import { type AppCredentials, holdsIds, type OwnTables } from "./app-credentials.js"

/**
 * Checks the columns that an app declares to hold user ids.
 * @throws LazySetupError naming each column that is wrong
 */
export function checkReferences(
  references: readonly AnyPgColumn[],
  tables: OwnTables & { credentials?: readonly AppCredentials[] },
): void {
  const { id } = tables.usersTable
  const ofApp = (tables.credentials ?? []).map(({ table }) => table)
  const credentials: unknown[] = [
    tables.accountsTable,
    tables.sessionsTable,
    tables.authenticatorsTable,
    tables.passwordsTable,
  ]
  const problems = new SetupProblems()
  for (const [position, column] of references.entries()) {
    if (!is(column, PgColumn) || !is(column.table, PgTable)) {
      problems.add(`LazyAdapter: references[${position}] is not a column of a table made with pgTable().`)
      continue
    }
    const where = `LazyAdapter: references: "${getTableName(column.table)}"."${column.name}"`
    if (column === id || credentials.includes(column.table))
      problems.add(`${where} belongs to Auth.js and is never moved. Remove it from references.`)
    else if (ofApp.includes(column.table))
      problems.add(
        `${where} is in a table of the option credentials, whose rows are deleted and never moved. Remove it from references or from credentials.`,
      )
    else if (!holdsIds(column, id))
      problems.add(
        `${where} is of type ${column.getSQLType()}, which can't hold an id of type ${id.getSQLType()}. ` +
          "Give it the type of the user table's id.",
      )
  }
  problems.refuse()
}
