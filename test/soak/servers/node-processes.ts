import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { freePort } from "../../setup/free-port.js"
import type { PoolUse } from "../app/auth.js"
import { end } from "./run-program.js"

const APP = fileURLToPath(new URL("../app/server.ts", import.meta.url))
const PURGER = fileURLToPath(new URL("../app/purger.ts", import.meta.url))
/** The packages are found from here. */
const BUILT = fileURLToPath(new URL("../../../artifacts/soak-app", import.meta.url))

/** Compiles the programs once, so that a process that was killed is back within a second. */
export async function compilePrograms(): Promise<void> {
  const bundled = { bundle: true, packages: "external", platform: "node", format: "esm" } as const
  await build({
    ...bundled,
    entryPoints: [APP, PURGER],
    outdir: BUILT,
    outExtension: { ".js": ".mjs" },
    logLevel: "error",
  })
}

const compiled = (script: string) => join(BUILT, basename(script).replace(/ts$/, "mjs"))

/** What a process of the app tells of itself. */
export interface Vitals {
  pid: number
  /** Seconds since it started. */
  uptime: number
  /** Bytes in use after a garbage collection. */
  heap: number
  rss: number
  /** Undefined for a driver that doesn't tell. */
  pool?: PoolUse
}

/** One process, which is started again when it ends. */
class Supervised {
  starts = 0
  /** How often it ended without being told to. */
  crashes = 0
  #process: ChildProcess | undefined
  #isStopping = false
  #isKilled = false

  constructor(
    private readonly script: string,
    private readonly env: Record<string, string>,
    private readonly hear: (message: unknown) => void = () => {},
  ) {}

  async start(): Promise<void> {
    this.starts += 1
    const child = fork(compiled(this.script), [], {
      execArgv: ["--expose-gc"],
      env: { PATH: process.env.PATH, NODE_ENV: "production", ...this.env },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    })
    this.#process = child
    const said: string[] = []
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said.push(text)
      said.splice(0, said.length - 20)
    })
    child.on("message", this.hear)
    const ready = once(child, "message")
    child.once("exit", (code) => {
      if (this.#isStopping) return
      if (!this.#isKilled) {
        this.crashes += 1
        console.error(`A process ended with code ${code}:\n${said.join("")}`)
      }
      this.#isKilled = false
      void this.start().catch(() => {})
    })
    await Promise.race([ready, once(child, "exit").then(() => Promise.reject(new Error("It ended at its start.")))])
  }

  tell(message: object): void {
    if (this.#process?.connected) this.#process.send(message)
  }

  async kill(): Promise<void> {
    this.#isKilled = true
    if (this.#process) await end(this.#process, "SIGKILL")
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#process) await end(this.#process, "SIGKILL")
  }
}

/** A process of the app, on a port that it keeps. */
export class AppProcess extends Supervised {
  constructor(
    readonly port: number,
    env: Record<string, string>,
  ) {
    super(APP, { ...env, PORT: String(port) })
  }

  async vitals(): Promise<Vitals> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/vitals`, { signal: AbortSignal.timeout(5000) })
    return (await answer.json()) as Vitals
  }
}

/** Starts processes of the app. */
export async function startApps(count: number, env: Record<string, string>): Promise<AppProcess[]> {
  const apps: AppProcess[] = []
  for (let n = 0; n < count; n++) apps.push(new AppProcess(await freePort(), env))
  await Promise.all(apps.map((app) => app.start()))
  return apps
}

/** What purges have done so far. */
export interface PurgeCounts {
  purged: number
  runs: number
  /** Runs that ended with an error, such as a lost connection. */
  failedRuns: number
  /** Users that a purge could not delete. */
  failures: number
}

/** A process that purges again and again. */
export class PurgerProcess extends Supervised {
  readonly counts: PurgeCounts

  constructor(env: Record<string, string>) {
    const counts: PurgeCounts = { purged: 0, runs: 0, failedRuns: 0, failures: 0 }
    super(PURGER, env, (message) => {
      const { purged, failures, failed } = message as { purged?: number; failures?: number; failed?: boolean }
      if (purged === undefined && !failed) return
      counts.runs += 1
      counts.purged += purged ?? 0
      counts.failures += failures ?? 0
      if (failed) counts.failedRuns += 1
    })
    this.counts = counts
  }
}
