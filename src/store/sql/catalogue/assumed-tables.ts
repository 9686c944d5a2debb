import { getTableColumns, type SQL, sql } from "drizzle-orm"
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core"
import { qualifiedName } from "../identifiers.js"

const assumed = new WeakSet<PgTable>()

/**
 * Marks a table that the app has not passed, and may not have. A table of that name counts only
 * with the columns that Auth.js needs, since an app may keep other things under it.
 */
export function assume<Table extends PgTable>(table: Table): Table {
  assumed.add(table)
  return table
}

/** Tells whether the app has not passed this table. */
export function isAssumed(table: PgTable): boolean {
  return assumed.has(table)
}

/** Names the columns without which a table of that name is a stranger. */
export function neededColumns(table: PgTable): string[] {
  return Object.values<AnyPgColumn>(getTableColumns(table)).flatMap(({ name, notNull }) => (notNull ? [name] : []))
}

/** Builds the `regclass` of a table; null where it is missing. */
export function relationOf(table: PgTable): SQL {
  const found = sql`pg_catalog.to_regclass(${qualifiedName(table)})`
  if (!isAssumed(table)) return found
  const names = neededColumns(table).map((name) => sql`${name}`)
  return sql`(
    select ${found} from pg_catalog.pg_attribute
    where attrelid = ${found} and not attisdropped and attname in (${sql.join(names, sql`, `)})
    having pg_catalog.count(*) = ${sql.raw(String(names.length))}
  )`
}
