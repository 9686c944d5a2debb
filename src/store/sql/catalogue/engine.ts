import { sql } from "drizzle-orm"
import type { Database } from "../database.js"
import { queryDocument } from "../query.js"

/** A database server that speaks PostgreSQL's language, and what it has of PostgreSQL. */
export interface Engine {
  /** Citus where it manages a table, and PostgreSQL where all tables are plain ones. */
  name: "PostgreSQL" | "Aurora DSQL" | "Citus" | "CockroachDB" | "YugabyteDB"
  /**
   * Whether it counts the rows that a transaction deletes, whichever statement or trigger deletes
   * them: the setting `track_counts` of PostgreSQL. Other engines keep rows elsewhere.
   */
  countsRows: boolean
}

/** What one query tells of an engine. */
interface Told {
  name: Engine["name"]
  tracks: boolean
}

const engines = new WeakMap<object, Promise<Engine>>()

/**
 * Reads which engine a database is on. One query for each Drizzle database; its transactions share
 * the answer. A second one where Citus is installed.
 */
export function readEngine(db: Database): Promise<Engine> {
  const key = identityOf(db)
  const known = engines.get(key)
  if (known) return known
  const found = askEngine(db)
  engines.set(key, found)
  found.catch(() => engines.delete(key))
  return found
}

/** Returns an object that a database shares with its transactions alone. */
function identityOf(db: Database): object {
  // Drizzle hands the dialect of a database on to its transactions, but leaves it out of its types.
  return (db as { dialect?: object }).dialect ?? db
}

/**
 * Asks a server for its name. CockroachDB and YugabyteDB name themselves in version(), Aurora DSQL
 * has a schema of its own, and Citus a table:
 * https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-systems-tables.html
 */
async function askEngine(db: Database): Promise<Engine> {
  const { name, tracks } = await queryDocument<Told>(
    db,
    sql`select json_build_object(
      'name', case
        when version() like 'CockroachDB%' then 'CockroachDB'
        when version() like '%-YB-%' then 'YugabyteDB'
        when to_regclass('sys.iam_pg_role_mappings') is not null then 'Aurora DSQL'
        when to_regclass('pg_catalog.pg_dist_partition') is not null then 'Citus'
        else 'PostgreSQL'
      end,
      'tracks', coalesce(current_setting('track_counts', true) = 'on', false)
    )::text as document`,
  )
  if (name === "Citus" && !(await managesTables(db))) return { name: "PostgreSQL", countsRows: tracks }
  return { name, countsRows: name === "PostgreSQL" && tracks }
}

/** Tells whether Citus manages any table: https://docs.citusdata.com/en/stable/develop/api_metadata.html */
async function managesTables(db: Database): Promise<boolean> {
  return queryDocument(db, sql`select to_json(exists (select from pg_catalog.pg_dist_partition))::text as document`)
}

/**
 * Tells whether Citus spreads a table, or one that refers to it, over machines; false elsewhere.
 * Reference tables and local ones are whole on each machine. One query.
 * @param table its quoted name
 */
export async function isSpread(db: Database, { name }: Engine, table: string): Promise<boolean> {
  if (name !== "Citus") return false
  return queryDocument(
    db,
    sql`select to_json(exists (
      select from pg_catalog.pg_dist_partition
      where partmethod <> 'n' and (logicalrelid::oid = to_regclass(${table})::oid or logicalrelid::oid in (
        select conrelid from pg_constraint where contype = 'f' and confrelid = to_regclass(${table})::oid
      ))
    ))::text as document`,
  )
}

/** Tells whether transactions of the engine have ids, by which one is told from another. */
export const numbersTransactions = ({ name }: Engine): boolean => name === "PostgreSQL"

/**
 * Tells whether the engine locks the rows of a join. Aurora DSQL makes no transaction wait, and
 * takes FOR UPDATE in queries of one row, by its primary key, alone:
 * https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-postgresql-compatibility-supported-sql-features.html
 */
export const locksJoins = ({ name }: Engine): boolean => name !== "Aurora DSQL"

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
