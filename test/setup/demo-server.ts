import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type axe from "axe-core"
import type { BrowserContextOptions, Browser as Chromium, Page } from "playwright-core"

const root = fileURLToPath(new URL("../..", import.meta.url))
const artifacts = join(root, "artifacts")
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

/** User agent of a person's browser: the gate takes HeadlessChrome, Chromium's own, for a bot. */
export const userAgent =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

/** Controls a demo that runs in another process. */
export interface DemoServer {
  /** The address that the demo printed: `http://localhost:…`. */
  origin: string
  /** The lines printed so far, with errors and warnings. */
  output: readonly string[]
  /** Ends the demo like Ctrl-C (SIGINT) or a crash (SIGKILL), and waits for the exit. */
  stop: (signal?: "SIGINT" | "SIGKILL") => Promise<number | null>
}

/** Holds the exit code and the output of a demo that did not start. */
export interface DemoFailure {
  code: number | null
  output: string
}

/** Starts `docs/demo/server.ts` on a free port and waits until it listens. */
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

/** Starts a demo that must fail, and waits for its end. */
export async function failDemo(env: Record<string, string>): Promise<DemoFailure> {
  const demo = spawnDemo(env)
  const output: string[] = []
  for (const stream of [demo.stdout, demo.stderr]) stream?.on("data", (chunk) => output.push(String(chunk)))
  const [code] = (await once(demo, "close")) as [number | null]
  return { code, output: output.join("") }
}

/** Makes a temporary folder for the demo's data. */
export async function throwAwayFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "authjs-lazy-demo-"))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Opens a page on the demo in a new browser context, without cookies. */
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

/** Saves a screenshot of the page in `artifacts/` when `PICTURES` is set. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (!process.env.PICTURES) return
  await mkdir(artifacts, { recursive: true })
  await page.screenshot({ path: join(artifacts, `${name}.png`), fullPage: true })
}

/** Checks the page with axe and returns the violations. */
export async function findViolations(page: Page): Promise<{ id: string; nodes: string[] }[]> {
  // The debugger evaluates this script, so the Content-Security-Policy does not block it.
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource)
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run({ resultTypes: ["violations"] })
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }))
  })
}

/** Reads the texts on the page of notes. */
export function readNotes(page: Page): Promise<string[]> {
  return page.locator(".notes .text").allTextContents()
}

/** Writes a note on the page of notes. */
export async function writeNote(page: Page, text: string): Promise<void> {
  await page.getByLabel("New note").fill(text)
  await page.getByRole("button", { name: "Add note" }).click()
  await page.getByText(text).waitFor()
}

function spawnDemo(own: Record<string, string>): ChildProcess {
  const env = { ...process.env, ...own }
  // Keep the settings of this machine from the demo.
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
