import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { PurgeOptions, PurgeReport } from "../../src/drizzle.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** A process that purges; see purge-worker.ts. */
export class PurgeProcess {
  private readonly child: ChildProcess
  private readonly closed: Promise<unknown[]>
  private readonly waiting = new Set<{ test: (line: string) => boolean; found: () => void }>()
  readonly reports: PurgeReport[] = []
  private errors = ""

  constructor(url: string, options: PurgeOptions, { again = false, tells = false } = {}) {
    this.child = spawn(process.execPath, ["--import", "tsx", "test/store/purge-worker.ts"], {
      cwd: root,
      env: {
        ...process.env,
        DATABASE_URL: url,
        PURGE_OPTIONS: JSON.stringify(options),
        PURGE_AGAIN: again ? "yes" : "no",
        PURGE_TELLS: tells ? "yes" : "no",
      },
      stdio: ["ignore", "pipe", "pipe"],
    })
    this.child.stderr?.on("data", (text) => {
      this.errors += text
    })
    this.closed = once(this.child, "close")
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })
    lines.on("line", (line) => {
      if (line.startsWith("{") && line.includes("interrupted")) this.reports.push(JSON.parse(line))
      for (const one of this.waiting) if (one.test(line)) one.found()
    })
  }

  /** Resolves at the next line of which the test is true. */
  line(test: (line: string) => boolean): Promise<void> {
    return new Promise((found) => this.waiting.add({ test, found }))
  }

  /** Ends it, by a signal if one is given; returns its exit code. */
  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal) this.child.kill(signal)
    const [code] = await this.closed
    if (signal !== "SIGKILL" && code !== 0) throw new Error(`A purge ended with ${code}: ${this.errors}`)
    return code as number | null
  }
}
