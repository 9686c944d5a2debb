import { type SQL, sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { queryDocument } from "../query.js"

/** A database server that speaks PostgreSQL's language, and what it has of PostgreSQL. */
export interface Engine {
  name: "PostgreSQL" | "Aurora DSQL" | "Citus" | "CockroachDB" | "YugabyteDB"
  /**
   * Whether it counts the rows that a transaction deletes, whichever statement or trigger deletes
   * them: the setting `track_counts` of PostgreSQL. Other engines keep rows elsewhere.
   */
  countsRows: boolean
}

/**
 * Builds an expression for {@link Engine}, as JSON. Citus is an extension, the others name
 * themselves in version(), and Aurora DSQL by a schema of its own:
 * https://docs.aws.amazon.com/aurora-dsql/latest/userguide/system-tables.html
 */
export const engineFacts: SQL = sql`(
  select json_build_object('name', name, 'countsRows', name = 'PostgreSQL' and current_setting('track_counts', true) = 'on')
  from (
    select case
      when version() like 'CockroachDB%' then 'CockroachDB'
      when version() like '%-YB-%' then 'YugabyteDB'
      when to_regclass('sys.iam_pg_role_mappings') is not null then 'Aurora DSQL'
      when exists (select from pg_extension where extname = 'citus') then 'Citus'
      else 'PostgreSQL'
    end as name
  ) as named
)`

const engines = new WeakMap<Database, Promise<Engine>>()

/**
 * Reads which engine a database is on. One query for each database and process.
 * @param db a database, whose engine stays the same, and no transaction
 */
export function readEngine(db: Database): Promise<Engine> {
  const known = engines.get(db)
  if (known) return known
  const found = queryDocument<Engine>(db, sql`select ${engineFacts}::text as document`)
  engines.set(db, found)
  found.catch(() => engines.delete(db))
  return found
}

/** Tells whether transactions of the engine have ids, by which one is told from another. */
export const numbersTransactions = ({ name }: Engine): boolean => name === "PostgreSQL"

/**
 * Picks the row lock for a strength: Aurora DSQL has FOR UPDATE and FOR KEY SHARE only, so the
 * stronger one is taken there.
 */
export function lockOf<Strength extends "no key update" | "share">(
  { name }: Engine,
  strength: Strength,
): Strength | "update" {
  return name === "Aurora DSQL" ? "update" : strength
}
