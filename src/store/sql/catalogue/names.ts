import { type SQL, sql } from "drizzle-orm"

// SQL expressions about a row of pg_class; `alias` is what the statement calls that row.

const schemaName = (alias: string) => `(select nspname from pg_namespace where oid = ${alias}.relnamespace)`

const qualifiedText = (alias: string) => `format('%I.%I', ${schemaName(alias)}, ${alias}.relname)`

/** Names a table as reports do: `table` in the schema public, `schema.table` elsewhere. */
export const label = (alias: string): SQL =>
  sql.raw(`concat(nullif(${schemaName(alias)}, 'public') || '.', ${alias}.relname)`)

/** Quotes the name of a table with its schema. */
export const qualified = (alias: string): SQL => sql.raw(qualifiedText(alias))

/**
 * Quotes the name of a table for statements on its own rows. A child made with INHERITS has foreign
 * keys and unique indexes of its own, whereas partitions share those of their table.
 */
export const ownRows = (alias: string): SQL =>
  sql.raw(`concat(case when ${alias}.relkind <> 'p' then 'only ' end, ${qualifiedText(alias)})`)

/** Returns the oid of the topmost table of a partition, and that of any other table itself. */
export const topmost = (oid: SQL): SQL => sql`coalesce(pg_partition_root(${oid})::oid, (${oid})::oid)`

/** Lists the names of columns, given their numbers in an array, in the order of that array. */
export const columnNames = (table: string, numbers: string): SQL =>
  sql.raw(`(
    select json_agg(attname order by position)
    from unnest(${numbers}) with ordinality as key (attnum, position)
    join pg_attribute using (attnum)
    where attrelid = ${table}
  )`)

/** Tells whether the app has an enabled trigger on a table or one of its partitions. */
export const hasTriggers = (alias: string): SQL =>
  sql.raw(`exists (
    select from pg_trigger
    where tgrelid = any (array(select ${alias}.oid union all select relid from pg_partition_tree(${alias}.oid)))
      and not tgisinternal and tgenabled <> 'D'
  )`)

/** Lists values for `in (…)`. */
export const values = (given: readonly (number | string)[]): SQL =>
  sql.join(
    given.map((value) => (typeof value === "number" ? sql.raw(String(value)) : sql`${value}`)),
    sql`, `,
  )
