import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import type { TableFacts } from "../../store/sql/catalogue/tables.js"
import type { Database } from "../../store/sql/database.js"
import { columnName, qualifiedName } from "../../store/sql/identifiers.js"
import type { Finding } from "../finding.js"
import { addColumn, type Creation, createTable } from "./table-sql.js"

/**
 * Reports columns that an option of `LazyAdapter` declares, but that are not in the database.
 * @param facts the tables of the columns, in their order
 */
export function checkDeclared(
  db: Database,
  references: readonly AnyPgColumn[],
  facts: readonly (TableFacts | null)[],
  option: "references" | "credentials",
  creation: Creation,
): Finding[] {
  return references.flatMap((column, position) => {
    const table = facts[position]
    const name = columnName(db, column)
    if (table?.columns.some((found) => found.name === name)) return []
    const where = `${table?.label ?? qualifiedName(column.table as PgTable).replaceAll('"', "")}.${name}`
    return [
      {
        code: option === "references" ? "missing_reference" : "missing_credentials",
        severity: "error",
        message: `${where}, which \`${option}\` declares to hold user ids, is not in the database, so every ${option === "references" ? "merge" : "conversion and merge"} fails.`,
        fix: table ? addColumn(db, table.target, column) : createTable(db, column.table as PgTable, creation),
        where,
      },
    ]
  })
}
