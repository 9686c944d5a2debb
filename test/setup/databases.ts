import { openAsBlob } from "node:fs"
import { fileURLToPath } from "node:url"
import { PGlite } from "@electric-sql/pglite"
import { readMigrationFiles } from "drizzle-orm/migrator"
import { drizzle as drizzleNodePostgres } from "drizzle-orm/node-postgres"
import { drizzle as drizzlePglite } from "drizzle-orm/pglite"
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js"
import pg from "pg"
import postgres from "postgres"
import { inject } from "vitest"
import type { Database } from "../../src/drizzle.js"
import { Conflicts, conflictingClient } from "./conflicting-client.js"
import { engineClient } from "./engine-client.js"
import { profiles } from "./engine-profiles.js"

/** Folder with the migrations that drizzle-kit generated. */
export const migrationsFolder = fileURLToPath(new URL("../../drizzle", import.meta.url))

/** Gives a test file a database of its own. */
export interface TestDatabase {
  db: Database
  /** Runs what a test writes itself; no conflict and no engine is played. */
  own: Database
  /** Runs a SQL statement and returns the rows. */
  query: (text: string) => Promise<Record<string, unknown>[]>
  close: () => Promise<void>
}

/** Adds plain statements (`sql`) and an address for other processes (`url`). */
export interface PostgresDatabase extends TestDatabase {
  sql: postgres.Sql
  url: string
}

let counter = 0

/** Given a seed, makes commits of every database through postgres.js fail at random. */
const seed = process.env.TEST_CONFLICTS
const conflicts = seed ? new Conflicts(Number(seed), 0.2) : undefined

/** Makes an empty database on the PostgreSQL server; `close` drops it. */
export function emptyPostgres(): Promise<PostgresDatabase> {
  return copyDatabase("template1")
}

/** The connection that creates and drops databases. It closes when no test has used it for a second. */
let administrator: postgres.Sql | undefined

function administer(statement: string): Promise<unknown> {
  administrator ??= postgres(inject("postgresUrl"), { max: 1, idle_timeout: 1, onnotice: () => {} })
  return administrator.unsafe(statement)
}

async function copyDatabase(template: string): Promise<PostgresDatabase> {
  const name = `t_${process.pid}_${Date.now().toString(36)}_${counter++}`
  // The default since PostgreSQL 15 logs each page, which takes five times as long as a file copy.
  const strategy = inject("postgresVersion") >= 150000 ? "strategy file_copy" : ""
  await administer(`create database ${name} template ${template} ${strategy}`)
  const url = new URL(inject("postgresUrl"))
  url.pathname = `/${name}`
  const connection = {
    ...(process.env.TEST_ENGINE === "uncounted" && { track_counts: "off" }),
    // A test that an engine refuses can leave a transaction open, which would hold up all others.
    ...(process.env.TEST_ENGINE && { idle_in_transaction_session_timeout: 5_000 }),
  }
  const sql = postgres(url.href, { max: 10, onnotice: () => {}, connection })
  return {
    db: drizzlePostgres(playedClient(sql)),
    own: drizzlePostgres(sql),
    sql,
    url: url.href,
    query: async (text) => [...(await sql.unsafe(text))],
    async close() {
      await sql.end()
      await administer(`drop database ${name} with (force)`)
    },
  }
}

/** Lets the driver play what the variables TEST_CONFLICTS and TEST_ENGINE ask for. */
function playedClient(sql: postgres.Sql): postgres.Sql {
  return conflicts ? conflictingClient(sql, conflicts) : playEngine(sql)
}

/** Lets a client play the engine that the variable TEST_ENGINE names; else, returns the client. */
export function playEngine(sql: postgres.Sql): postgres.Sql {
  const profile = profiles.find(({ name }) => name === process.env.TEST_ENGINE)
  return profile ? engineClient(sql, profile) : sql
}

/** Makes a database with the default tables on the PostgreSQL server; `close` drops it. */
export function postgresDatabase(): Promise<PostgresDatabase> {
  return copyDatabase(inject("templateDatabase"))
}

/** Drops all that the schemas of a database hold, which takes less than another database. */
export async function dropEverything({ sql }: Pick<PostgresDatabase, "sql">): Promise<void> {
  await sql.unsafe(dropSchemas)
}

/** Drops everything, and creates the default tables. */
export async function recreateTables({ sql }: Pick<PostgresDatabase, "sql">): Promise<void> {
  await sql.unsafe(`${dropSchemas}; ${defaultTables}`)
}

const defaultTables = readMigrationFiles({ migrationsFolder })
  .flatMap(({ sql }) => sql)
  .join(";")

/** Statements that drop all that the schemas of a database hold. */
export const dropSchemas = `
  do $$ declare name text; begin
    for name in select quote_ident(nspname) from pg_namespace where nspname !~ '^(pg_|information_schema)' loop
      execute format('drop schema %s cascade', name);
    end loop;
  end $$;
  create schema public; grant usage on schema public to public`

/** Makes a database with the default tables, for Drizzle through node-postgres. */
async function nodePostgresDatabase(): Promise<PostgresDatabase> {
  const database = await postgresDatabase()
  const pool = new pg.Pool({ connectionString: database.url, max: 10 })
  return {
    ...database,
    db: drizzleNodePostgres(pool),
    async close() {
      let open = pool.totalCount
      // The pool doesn't wait for its connections to end, which the server would end by force.
      const ended = new Promise<void>((resolve) => {
        if (open === 0) resolve()
        pool.on("remove", () => --open === 0 && resolve())
      })
      await Promise.all([pool.end(), ended])
      await database.close()
    },
  }
}

/** Makes an empty PGlite database in memory; on the server where an engine is played. */
export async function emptyPglite(): Promise<TestDatabase> {
  return process.env.TEST_ENGINE ? emptyPostgres() : pgliteFrom(await pgliteClient())
}

/** Makes a PGlite database with the default tables in memory; as {@link emptyPglite} does. */
export async function pgliteDatabase(): Promise<TestDatabase> {
  if (process.env.TEST_ENGINE) return postgresDatabase()
  const client = await pgliteClient()
  await client.exec(defaultTables)
  return pgliteFrom(client)
}

/** The databases in memory that no test uses. To start another takes ten times as long as to empty one. */
const unused: PGlite[] = []

/** Opens an empty PGlite database in memory. */
export async function pgliteClient(): Promise<PGlite> {
  const client = unused.pop()
  if (!client) return startPglite()
  await client.exec("rollback")
  await client.exec("discard all")
  await client.exec(dropSchemas)
  return client
}

async function startPglite(): Promise<PGlite> {
  const snapshot = inject("pgliteSnapshot")
  if (!snapshot) throw new Error("No PGlite database was saved: name the project in pglite-snapshot.ts.")
  return new PGlite({ loadDataDir: await openAsBlob(snapshot) })
}

function pgliteFrom(client: PGlite): TestDatabase {
  const db = drizzlePglite(client)
  return {
    db,
    own: db,
    query: async (text) => (await client.query<Record<string, unknown>>(text)).rows,
    close: async () => void (client.closed || unused.push(client)),
  }
}

const allDrivers = [
  { driver: "postgres.js", open: postgresDatabase },
  { driver: "node-postgres", open: nodePostgresDatabase },
  { driver: "PGlite", open: pgliteDatabase },
] as const

/**
 * Lists the drivers that the library supports, for `describe.each`; only the one that plays an
 * engine, when one is played.
 */
export const drivers = allDrivers.filter(({ driver }) => driver === "postgres.js" || !process.env.TEST_ENGINE)

/**
 * Lists postgres.js alone, for what the server decides: the statements run on every driver in
 * merge.test.ts, purge.test.ts and lazy-store.test.ts.
 */
export const oneDriver = drivers.slice(0, 1)

/** Combines every driver with both kinds of session. */
export const everyFlow = drivers.flatMap(({ driver, open }) =>
  (["database", "jwt"] as const).map((strategy) => ({ driver, open, strategy })),
)

/** Combines both kinds of session with postgres.js alone: the store's tests run on every driver. */
export const flows = everyFlow.filter(({ driver }) => driver === "postgres.js")
