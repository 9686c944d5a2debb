import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import axe from "axe-core"
import type { BrowserContextOptions, Browser as Chromium, Page } from "playwright-core"

const root = fileURLToPath(new URL("../..", import.meta.url))
const artifacts = join(root, "artifacts")

/** What a person's browser calls itself. Without a window Chromium says HeadlessChrome, and the gate makes no lazy users of robots. */
export const userAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

/** A demo that is running in a process of its own. */
export interface DemoServer {
  /** Where it is, as it says itself: `http://localhost:…`. */
  origin: string
  /** The lines it has printed so far, errors and warnings among them. */
  output: readonly string[]
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
  const origin = await new Promise<string>((resolve, reject) => {
    for (const input of [demo.stdout, demo.stderr])
      createInterface({ input: input as NodeJS.ReadableStream }).on("line", (line) => {
        output.push(line)
        const origin = /http:\/\/localhost:\d+/.exec(line)?.[0]
        if (origin) resolve(origin)
      })
    demo.once("close", () => reject(new Error(`The demo did not start: ${output.join("\n")}`)))
  })
  return { origin, output, stop: (signal = "SIGINT") => stop(demo, signal) }
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

/** A browser of its own on the demo, as somebody has it who was never there. */
export async function openDemo(
  chromium: Chromium,
  { origin }: DemoServer,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await chromium.newContext({
    baseURL: origin,
    userAgent,
    viewport: { width: 1000, height: 760 },
    ...options,
  })
  context.setDefaultTimeout(20_000)
  return context.newPage()
}

/** Keeps a picture of the page in `artifacts/`. */
export async function takePicture(page: Page, name: string): Promise<void> {
  await mkdir(artifacts, { recursive: true })
  await page.screenshot({ path: join(artifacts, `demo-${name}.png`), fullPage: true })
}

/** What axe finds wrong with the page. */
export async function findViolations(page: Page): Promise<{ id: string; nodes: string[] }[]> {
  // Evaluated by the debugger, it is not subject to the Content-Security-Policy.
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run()
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }))
  })
}

/** The texts on the page of somebody's notes. */
export function readNotes(page: Page): Promise<string[]> {
  return page.locator(".notes .text").allTextContents()
}

/** Writes a note on that page. */
export async function writeNote(page: Page, text: string): Promise<void> {
  await page.getByLabel("New note").fill(text)
  await page.getByRole("button", { name: "Add note" }).click()
  await page.getByText(text).waitFor()
}

function spawnDemo(own: Record<string, string>): ChildProcess {
  const env = { ...process.env, ...own }
  // Whatever this machine has set is not for the demo.
  for (const name of Object.keys(env))
    if (/^(DATABASE_URL|DEMO_|AUTH_|EMAIL_)/.test(name) && !(name in own)) delete env[name]
  return spawn(process.execPath, ["--import", "tsx", "docs/demo/server.ts"], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  })
}

async function stop(demo: ChildProcess, signal: "SIGINT" | "SIGKILL"): Promise<number | null> {
  if (demo.exitCode !== null || demo.signalCode !== null) return demo.exitCode
  const gone = once(demo, "exit") as Promise<[number | null]>
  demo.kill(signal)
  return (await gone)[0]
}
