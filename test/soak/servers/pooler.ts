import type { ChildProcess } from "node:child_process"
import { chmodSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { freePort } from "../../setup/free-port.js"
import { PGBOUNCER } from "../../setup/left-out.js"
import { end, startProgram, unprivileged, until } from "./run-program.js"

/** Connections that PgBouncer makes to the primary. */
const SERVER_CONNECTIONS = 12

/** PgBouncer in transaction mode, in front of whichever server is the primary. */
export class Pooler {
  port = 0
  #process: ChildProcess | undefined

  constructor(private readonly folder: string) {}

  async start(primaryPort: number): Promise<void> {
    this.port ||= await freePort()
    this.#write(primaryPort)
    this.#process = startProgram(PGBOUNCER, [this.#file], join(this.folder, "pgbouncer.log"), unprivileged())
    await until("PgBouncer listens", () => canConnect(this.port))
  }

  /** Sends the next transactions to another server. */
  repoint(primaryPort: number): void {
    this.#write(primaryPort)
    this.#process?.kill("SIGHUP")
  }

  async restart(primaryPort: number): Promise<void> {
    await this.stop()
    await this.start(primaryPort)
  }

  async stop(): Promise<void> {
    if (this.#process) await end(this.#process, "SIGTERM")
  }

  get #file(): string {
    return join(this.folder, "pgbouncer.ini")
  }

  #write(primaryPort: number): void {
    const lines = [
      "[databases]",
      `postgres = host=127.0.0.1 port=${primaryPort} user=soak`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${this.port}`,
      "unix_socket_dir =",
      "auth_type = any",
      "pool_mode = transaction",
      `default_pool_size = ${SERVER_CONNECTIONS}`,
      "max_client_conn = 200",
      // After a failed login PgBouncer waits 15 seconds by default, and holds clients for two minutes.
      "server_login_retry = 1",
      "server_connect_timeout = 2",
      "query_wait_timeout = 5",
      "log_connections = 0",
      "log_disconnections = 0",
    ]
    writeFileSync(this.#file, `${lines.join("\n")}\n`)
    chmodSync(this.#file, 0o644)
  }
}

/** Tells whether something listens on a port of loopback. */
export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false))
    socket.on("connect", () => socket.destroy())
  })
}
