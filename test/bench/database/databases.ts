import { fileURLToPath } from "node:url"
import { getMigrations } from "better-auth/db/migration"
import { drizzle } from "drizzle-orm/postgres-js"
import { migrate } from "drizzle-orm/postgres-js/migrator"
import pg from "pg"
import postgres from "postgres"
import { betterAuthOptions } from "../servers/better-auth-options.js"
import type { PostgresServer } from "./server.js"

/**
 * The role of the servers. The benchmark itself connects as superuser, so its statements can be
 * told apart.
 */
const ROLE = "app"

const migrationsFolder = fileURLToPath(new URL("../../../drizzle", import.meta.url))

/** A database of one variant's own. */
export interface BenchDatabase {
  /** For servers. */
  url: string
  /** For the benchmark. */
  admin: postgres.Sql
  /** How many statements servers have sent to this database so far. */
  statements(): Promise<number>
  close(): Promise<void>
}

/** Whose tables a database has. */
export type Tables = "Auth.js" | "better-auth"

/**
 * Prepares a new server with a role and the extension that counts statements. Returns the version
 * of PostgreSQL.
 */
export async function prepareServer({ url }: PostgresServer): Promise<string> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  await admin.unsafe(`create role ${ROLE} login password '${ROLE}'; create extension pg_stat_statements`)
  const [row] = await admin<{ server_version: string }[]>`show server_version`
  await admin.end()
  return row?.server_version ?? "unknown"
}

/** Makes a database with empty tables; `close` drops it. */
export async function createDatabase({ url }: PostgresServer, name: string, tables: Tables): Promise<BenchDatabase> {
  const counter = postgres(url, { max: 1, onnotice: () => {} })
  await counter.unsafe(`create database ${name} owner ${ROLE}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  const admin = postgres(own.href, { max: 1, onnotice: () => {} })
  const app = new URL(own)
  app.username = ROLE
  app.password = ROLE
  await createTables(app.href, tables)
  return {
    url: app.href,
    admin,
    async statements() {
      const [row] = await counter<{ calls: string }[]>`
        select coalesce(sum(calls), 0) as calls from pg_stat_statements
        where userid = ${ROLE}::regrole and dbid = (select oid from pg_database where datname = ${name})`
      return Number(row?.calls)
    },
    async close() {
      await admin.end()
      await counter.unsafe(`drop database ${name} with (force)`)
      await counter.end()
    },
  }
}

async function createTables(url: string, tables: Tables): Promise<void> {
  if (tables === "Auth.js") {
    const sql = postgres(url, { max: 1, onnotice: () => {} })
    await migrate(drizzle(sql), { migrationsFolder })
    return sql.end()
  }
  const database = new pg.Pool({ connectionString: url, max: 1 })
  const { runMigrations } = await getMigrations({ ...betterAuthOptions, database })
  await runMigrations()
  await database.end()
}
