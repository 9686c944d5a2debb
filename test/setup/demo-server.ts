import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** What a person's browser calls itself. Without a window Chromium says HeadlessChrome, and the gate makes no lazy users of robots. */
export const userAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

/** A demo that is running in a process of its own. */
export interface DemoServer {
  /** Where it is, as it says itself: `http://localhost:…`. */
  origin: string
  /** Ends it as Ctrl-C does (SIGINT), or without a chance to clean up (SIGKILL), and waits until it is gone. */
  stop: (signal?: "SIGINT" | "SIGKILL") => Promise<number | null>
}

/** What a demo that was started said before it ended. */
export interface DemoFailure {
  code: number | null
  output: string
}

/** Starts `docs/demo/server.ts` on a free port, with the environment given besides; resolves once it listens. */
export async function startDemo(env: Record<string, string>): Promise<DemoServer> {
  const demo = spawnDemo({ PORT: "0", ...env })
  const output: string[] = []
  demo.stderr?.on("data", (chunk) => output.push(String(chunk)))
  for await (const line of createInterface({ input: demo.stdout as NodeJS.ReadableStream })) {
    output.push(line)
    const origin = /http:\/\/localhost:\d+/.exec(line)?.[0]
    if (!origin) continue
    // What nobody reads would block it in the end.
    demo.stdout?.resume()
    return { origin, stop: (signal = "SIGINT") => stop(demo, signal) }
  }
  throw new Error(`The demo did not start: ${output.join("\n")}`)
}

/** Starts a demo that is expected to give up. */
export async function failDemo(env: Record<string, string>): Promise<DemoFailure> {
  const demo = spawnDemo(env)
  const output: string[] = []
  for (const stream of [demo.stdout, demo.stderr]) stream?.on("data", (chunk) => output.push(String(chunk)))
  const [code] = (await once(demo, "close")) as [number | null]
  return { code, output: output.join("") }
}

/** A folder for a demo's data, and how to remove it. */
export async function throwAwayFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "authjs-lazy-demo-"))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

function spawnDemo(env: Record<string, string>): ChildProcess {
  // Whatever this machine has set is not for the demo.
  const { DATABASE_URL: _, AUTH_URL: __, AUTH_SECRET: ___, ...inherited } = process.env
  return spawn(process.execPath, ["--import", "tsx", "docs/demo/server.ts"], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
}

async function stop(demo: ChildProcess, signal: "SIGINT" | "SIGKILL"): Promise<number | null> {
  if (demo.exitCode !== null || demo.signalCode !== null) return demo.exitCode
  const gone = once(demo, "exit") as Promise<[number | null]>
  demo.kill(signal)
  return (await gone)[0]
}
