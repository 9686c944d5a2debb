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

/** The answer to the query that identifies the server. */
interface Told {
  name: Engine["name"]
  tracks: boolean
}

const engines = new WeakMap<object, Promise<Engine>>()

/**
 * Reads which engine a database is on. One query for each client of a driver; its transactions share
 * the answer. A second one where Citus is installed.
 */
export function readEngine(db: Database): Promise<Engine> {
  const keys = identitiesOf(db)
  const found = keys.map((key) => engines.get(key)).find((known) => known !== undefined) ?? askEngine(db)
  for (const key of keys) if (engines.get(key) !== found) remember(key, found)
  return found
}

function remember(key: object, found: Promise<Engine>): void {
  engines.set(key, found)
  found.catch(() => engines.delete(key))
}

/**
 * Returns what a database shares with its transactions, and with other Drizzle databases on the same
 * client.
 */
function identitiesOf(db: Database): object[] {
  // Drizzle hands the dialect of a database on to its transactions, but leaves it out of its types.
  const { dialect, $client } = db as { dialect?: object; $client?: unknown }
  const isKey = typeof $client === "function" || (typeof $client === "object" && $client !== null)
  return [dialect ?? db, ...(isKey ? [$client as object] : [])]
}

/**
 * Asks a server for its name. CockroachDB and YugabyteDB name themselves in version(), Aurora DSQL
 * has a schema of its own, and Citus a table:
 * https://docs.aws.amazon.com/aurora-dsql/latest/userguide/working-with-systems-tables.html
 */
async function askEngine(db: Database): Promise<Engine> {
  const { name, tracks } = await askClient<Told>(
    db,
    `select json_build_object(
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

/**
 * Runs a query on the client of a database, beside what Drizzle logs and counts for the app; on a
 * transaction, through Drizzle.
 */
async function askClient<Value>(db: Database, text: string): Promise<Value> {
  const { $client } = db as { $client?: { unsafe?: RunText; query?: RunText } }
  const result = await ($client?.unsafe?.(text) ?? $client?.query?.(text))
  const rows = Array.isArray(result) ? result : result?.rows
  return rows?.[0] ? JSON.parse(rows[0].document) : queryDocument<Value>(db, sql.raw(text))
}

type Documents = { document: string }[]
type RunText = (text: string) => PromiseLike<Documents | { rows: Documents }>

/**
 * Tells whether Citus manages any table:
 * https://docs.citusdata.com/en/stable/develop/api_metadata.html
 */
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
 * Tells whether FOR UPDATE may lock a join. Aurora DSQL takes it for one table, by its whole primary
 * key:
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
