import { sql } from "drizzle-orm"
import type { Database } from "./sql/database.js"
import { queryRows } from "./sql/query.js"

/**
 * Finds tables of another Auth.js adapter, in any schema, by the columns that Auth.js prescribes.
 * Ignores case, underscores and the names of tables, which differ (`accounts`, `"Account"`,
 * `shop_account`).
 * @returns their names: `table` in the schema public, `schema.table` elsewhere
 */
export async function otherAdapterTables(db: Database): Promise<string[]> {
  const tables = await queryRows<{ label: string }>(
    db,
    sql`select case nspname when 'public' then relname else nspname || '.' || relname end as label
      from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace, lateral (
        select array_agg(lower(replace(attname, '_', ''))) as names from pg_catalog.pg_attribute
        where attrelid = pg_class.oid and attnum > 0 and not attisdropped
      ) as columns
      where relkind in ('r', 'p', 'v', 'f') and nspname !~ '^pg_' and nspname <> 'information_schema' and (
        names @> array['userid', 'provider', 'provideraccountid']
        or names @> array['userid', 'sessiontoken', 'expires']
        or names @> array['identifier', 'token', 'expires']
      )
      order by 1`,
  )
  return tables.map(({ label }) => label)
}
