import type { SQLWrapper } from "drizzle-orm"
import type { TypedQueryBuilder } from "drizzle-orm/query-builders/query-builder"
import type { ColumnsSelection } from "drizzle-orm/sql"
import type { Database } from "./database.js"

/**
 * Names the rows of a statement for the statement around it (a CTE): of SQL, or of an update with
 * `returning`. Drizzle below 0.39 takes only its own selects, and reads no more of them than this.
 */
export function commonTable<Name extends string, Fields extends ColumnsSelection>(
  db: Database,
  name: Name,
  fields: Fields,
  statement: SQLWrapper,
) {
  const query = { getSQL: () => statement.getSQL(), getSelectedFields: () => fields }
  return db.$with(name).as(query as unknown as TypedQueryBuilder<Fields>)
}
