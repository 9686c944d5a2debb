import { sql } from "drizzle-orm"
import { LazySetupError } from "../../../errors.js"
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

/** What can change on a server while the app runs. */
export interface ServerNow {
  /** Whether the extension Citus is installed. */
  hasCitus: boolean
  /** Whether this session counts deleted rows. */
  tracks: boolean
}

const engines = new WeakMap<object, Promise<Engine>>()
const withCitus = new WeakSet<Engine>()

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

/**
 * Reads which engine a database is on, and replaces what its client was told before. A question that
 * fails replaces nothing.
 */
export async function readEngineAnew(db: Database): Promise<Engine> {
  const found = await askEngine(db)
  for (const key of identitiesOf(db)) remember(key, Promise.resolve(found))
  return found
}

/**
 * Tells whether an answer may have changed by now: Citus, once installed, can begin to manage tables
 * at any time.
 */
export const mayChange = (engine: Engine): boolean => withCitus.has(engine)

/** Says that the server is no longer what its client was told. Nothing was changed. */
export class EngineChangedError extends LazySetupError {}

/**
 * Compares a server with what its client was told, for statements that read the catalogue.
 * @returns the engine for this session: it counts no rows where `track_counts` is off
 * @throws EngineChangedError when Citus was installed or dropped meanwhile
 */
export function requireSameEngine(engine: Engine, { hasCitus, tracks }: ServerNow): Engine {
  if (hasCitus !== withCitus.has(engine))
    throw new EngineChangedError(
      `The extension Citus was ${hasCitus ? "installed" : "dropped"} while the app was running. Nothing was changed. Try again.`,
    )
  return engine.countsRows && !tracks ? { ...engine, countsRows: false } : engine
}

function remember(key: object, found: Promise<Engine>): void {
  engines.set(key, found)
  found.catch(() => engines.get(key) === found && engines.delete(key))
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

/** The fields of {@link ServerNow}, for a statement that reads other things too. */
export const SERVER_NOW = `pg_catalog.json_build_object(
  'hasCitus', pg_catalog.to_regclass('pg_catalog.pg_dist_partition') is not null,
  'tracks', coalesce(pg_catalog.current_setting('track_counts', true) = 'on', false)
)`

/**
 * Asks a server for its name. CockroachDB and YugabyteDB name themselves in version(), and Citus has
 * a table in pg_catalog, where PostgreSQL lets no one else make tables.
 *
 * Aurora DSQL has a table in a schema that any database can have, so what it lacks decides as well:
 * it has a single database, `postgres`, and no foreign key. Sources, below
 * https://docs.aws.amazon.com/aurora-dsql/latest/userguide/: working-with-systems-tables.html and
 * working-with-postgresql-compatibility-unsupported-features.html
 */
async function askEngine(db: Database): Promise<Engine> {
  const { name, now } = await askClient<{ name: Engine["name"]; now: ServerNow }>(
    db,
    `select pg_catalog.json_build_object(
      'name', case
        when pg_catalog.version() like 'CockroachDB%' then 'CockroachDB'
        when pg_catalog.version() like '%-YB-%' then 'YugabyteDB'
        when pg_catalog.current_database() = 'postgres' and exists (
          select 1 from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
          where nspname = 'sys' and relname = 'iam_pg_role_mappings'
        ) and not exists (select 1 from pg_catalog.pg_constraint where contype = 'f') then 'Aurora DSQL'
        else 'PostgreSQL'
      end,
      'now', ${SERVER_NOW}
    )::text as document`,
  )
  const isCitus = name === "PostgreSQL" && now.hasCitus && (await managesTables(db))
  const engine: Engine = isCitus
    ? { name: "Citus", countsRows: false }
    : { name, countsRows: name === "PostgreSQL" && now.tracks }
  if (now.hasCitus) withCitus.add(engine)
  return engine
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
  return queryDocument(
    db,
    sql`select pg_catalog.to_json(exists (select from pg_catalog.pg_dist_partition))::text as document`,
  )
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
    sql`select pg_catalog.to_json(exists (
      select from pg_catalog.pg_dist_partition
      where partmethod <> 'n' and (logicalrelid::oid = pg_catalog.to_regclass(${table})::oid or logicalrelid::oid in (
        select conrelid from pg_catalog.pg_constraint where contype = 'f' and confrelid = pg_catalog.to_regclass(${table})::oid
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
