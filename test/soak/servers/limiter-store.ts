import type { ChildProcess } from "node:child_process"
import { join } from "node:path"
import { freePort } from "../../setup/free-port.js"
import { REDIS } from "../../setup/left-out.js"
import { canConnect } from "./pooler.js"
import { end, startProgram, until } from "./run-program.js"

/** The Redis server in which the app's processes count together. */
export class LimiterStore {
  port = 0
  #process: ChildProcess | undefined

  constructor(private readonly folder: string) {}

  async start(): Promise<void> {
    this.port ||= await freePort()
    const args = ["--port", String(this.port), "--bind", "127.0.0.1", "--save", "", "--dir", this.folder]
    this.#process = startProgram(REDIS, args, join(this.folder, "redis.log"))
    await until("Redis listens", () => canConnect(this.port))
  }

  async kill(): Promise<void> {
    if (this.#process) await end(this.#process, "SIGKILL")
  }
}
