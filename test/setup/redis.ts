import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { freePort } from "./free-port.js"
import { REDIS } from "./left-out.js"

/** A Redis server that keeps nothing. */
export interface RedisServer {
  url: string
  close: () => Promise<void>
}

/** Starts Redis on a free port of loopback. */
export async function startRedis(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "authjs-lazy-redis-"))
  const port = await freePort()
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
  const child = spawn(REDIS, args, { stdio: ["ignore", "pipe", "inherit"] })
  const ended = once(child, "exit")
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject)
    child.once("exit", () => reject(new Error("Redis ended before it was ready.")))
    createInterface(child.stdout).on("line", (line) => {
      if (line.includes("Ready to accept connections")) resolve()
    })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      child.kill("SIGTERM")
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
