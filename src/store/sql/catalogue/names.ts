import { type SQL, sql } from "drizzle-orm"
import { partitionRoot, triggersOn, withPartitions } from "../engine/dialect.js"
import type { Engine } from "../engine/engine.js"

// SQL expressions about a row of pg_class; `alias` is what the statement calls that row.

const schemaName = (alias: string) => `(select nspname from pg_catalog.pg_namespace where oid = ${alias}.relnamespace)`

const qualifiedText = (alias: string) => `pg_catalog.format('%I.%I', ${schemaName(alias)}, ${alias}.relname)`

/**
 * Builds an expression for the name of a table in reports: `table` in the schema public,
 * `schema.table` elsewhere.
 */
export const label = (alias: string): SQL =>
  sql.raw(`pg_catalog.concat(nullif(${schemaName(alias)}, 'public') || '.', ${alias}.relname)`)

/** Builds an expression for the name of a table with its schema, quoted. */
export const qualified = (alias: string): SQL => sql.raw(qualifiedText(alias))

/** Builds an expression for the oid of the topmost table of a partition, or of the table itself. */
export const topmost = (engine: Engine, oid: SQL): SQL => {
  const [before, after] = partitionRoot(engine, "|").split("|")
  const root =
    after === undefined ? sql.raw(before as string) : sql`${sql.raw(before as string)}${oid}${sql.raw(after)}`
  return sql`coalesce(${root}::oid, (${oid})::oid)`
}

/**
 * Builds the condition for the app to have an enabled trigger on a table or one of its partitions.
 */
export const hasTriggers = (engine: Engine, alias: string): SQL =>
  sql.raw(triggersOn(engine, withPartitions(engine, `${alias}.oid`)))

/** Joins values for `in (…)`. */
export const values = (given: readonly (number | string)[]): SQL =>
  sql.join(
    given.map((value) => (typeof value === "number" ? sql.raw(String(value)) : sql`${value}`)),
    sql`, `,
  )

/** Writes an expression for the sequence of a column, given the quoted name of its table. */
export const sequenceOf = (target: string, column: string): string =>
  `pg_get_serial_sequence(${literal(target)}, ${literal(column)})`

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
