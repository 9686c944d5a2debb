import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"

import { freePort } from "../setup/free-port.js"
import { PGBOUNCER } from "../setup/left-out.js"

/** A pooler in front of a database. */
export interface Pooler {
  /** The address of the same database through the pooler. */
  url: string
  close: () => Promise<void>
}

/** Starts PgBouncer in transaction mode, with so many connections to the server. */
export async function startPooler(databaseUrl: string, connections: number): Promise<Pooler> {
  const { hostname, port: serverPort, username, password, pathname } = new URL(databaseUrl)
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-pgbouncer-"))
  const port = await freePort()
  const file = join(folder, "pgbouncer.ini")
  const database = pathname.slice(1)
  const lines = [
    "[databases]",
    `${database} = host=${hostname} port=${serverPort} dbname=${database} user=${username} password=${decodeURIComponent(password)}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = any",
    "pool_mode = transaction",
    `default_pool_size = ${connections}`,
  ]
  await writeFile(file, lines.join("\n"))
  // As root, PgBouncer switches to another user, who must be able to read the file.
  await chmod(folder, 0o755)
  const user = process.getuid?.() === 0 ? ["--user", "nobody"] : []
  const child = spawn(PGBOUNCER, [...user, file], { stdio: ["ignore", "ignore", "pipe"] })
  const ended = once(child, "exit")
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", () => reject(new Error(`PgBouncer ended:\n${said.join("\n")}`)))
    createInterface(child.stderr).on("line", (line) => {
      said.push(line)
      if (line.includes("process up")) resolve()
    })
  })
  return {
    url: `postgres://${username}@127.0.0.1:${port}/${database}`,
    async close() {
      child.kill("SIGTERM")
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
