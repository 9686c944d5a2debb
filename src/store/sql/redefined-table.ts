import { getTableColumns } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { LazySetupError } from "../../errors.js"

/** Where Drizzle keeps the columns of a table. */
const COLUMNS = Symbol.for("drizzle:Columns")

/**
 * Returns a table that has these columns alone in the statements of Drizzle. The given definition
 * stays unchanged.
 * @throws LazySetupError when this version of Drizzle keeps columns in another place
 */
export function redefinedTable<Table extends PgTable>(table: Table, columns: Record<string, AnyPgColumn>): Table {
  if (Reflect.get(table, COLUMNS) !== getTableColumns(table))
    throw new LazySetupError("LazyAdapter: this version of drizzle-orm is not supported. Install one below 1.0.")
  return Object.assign(Object.create(table), columns, { [COLUMNS]: columns })
}
