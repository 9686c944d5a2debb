import { openAsBlob } from "node:fs"
import { fileURLToPath } from "node:url"
import { PGlite } from "@electric-sql/pglite"
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

async function copyDatabase(template: string): Promise<PostgresDatabase> {
  const server = inject("postgresUrl")
  const name = `t_${process.pid}_${Date.now().toString(36)}_${counter++}`
  const admin = postgres(server, { max: 1, onnotice: () => {} })
  // The default since PostgreSQL 15 logs each page, which takes five times as long as a file copy.
  const strategy = inject("postgresVersion") >= 150000 ? "strategy file_copy" : ""
  await admin.unsafe(`create database ${name} template ${template} ${strategy}`)
  await admin.end()
  const url = new URL(server)
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
      const cleaner = postgres(server, { max: 1, onnotice: () => {} })
      await cleaner.unsafe(`drop database ${name} with (force)`)
      await cleaner.end()
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

/** Makes a database with the default tables, for Drizzle through node-postgres. */
async function nodePostgresDatabase(): Promise<PostgresDatabase> {
  const database = await postgresDatabase()
  const pool = new pg.Pool({ connectionString: database.url, max: 10 })
  return {
    ...database,
    db: drizzleNodePostgres(pool),
    async close() {
      await pool.end()
      await database.close()
    },
  }
}

/** Makes an empty PGlite database in memory; on the server where an engine is played. */
export async function emptyPglite(): Promise<TestDatabase> {
  return process.env.TEST_ENGINE ? emptyPostgres() : pgliteFrom(await pgliteClient("empty"))
}

/** Makes a PGlite database with the default tables in memory; as {@link emptyPglite} does. */
export async function pgliteDatabase(): Promise<TestDatabase> {
  return process.env.TEST_ENGINE ? postgresDatabase() : pgliteFrom(await pgliteClient("migrated"))
}

/** Opens a PGlite database in memory with saved data. */
export async function pgliteClient(data: "empty" | "migrated"): Promise<PGlite> {
  const snapshots = inject("pgliteSnapshots")
  if (!snapshots) throw new Error("No PGlite databases were saved: name the project in pglite-snapshots.ts.")
  return new PGlite({ loadDataDir: await openAsBlob(snapshots[data]) })
}

function pgliteFrom(client: PGlite): TestDatabase {
  const db = drizzlePglite(client)
  return {
    db,
    own: db,
    query: async (text) => (await client.query<Record<string, unknown>>(text)).rows,
    close: () => client.close(),
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

/** Combines every driver with both kinds of session. */
export const everyFlow = drivers.flatMap(({ driver, open }) =>
  (["database", "jwt"] as const).map((strategy) => ({ driver, open, strategy })),
)

/** Combines both kinds of session with postgres.js alone: the store's tests run on every driver. */
export const flows = everyFlow.filter(({ driver }) => driver === "postgres.js")
