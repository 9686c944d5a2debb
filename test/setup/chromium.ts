import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, watch } from "node:fs"
import { mkdir, mkdtemp, rename, rmdir } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { brotliDecompressSync } from "node:zlib"
import { type Browser, chromium } from "playwright-core"

/** Paths to which Debian, Ubuntu, Google's packages and macOS install a browser for Playwright. */
const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
]

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/**
 * Starts Chromium from `CHROMIUM_PATH`, a usual place or, on Linux, `@sparticuz/chromium`.
 * @param flags beside the usual ones
 * @throws Error when there is none; the message says what to install
 */
export async function launchChromium(flags: string[] = []): Promise<Browser> {
  const { args, ...found } = await findChromium()
  return chromium.launch({ ...found, args: [...args, ...flags] })
}

/**
 * Starts the headless shell of Chromium, for tests of pages: it takes a third of the CPU. What a page
 * can't do by itself, such as loading another one ahead, needs a whole browser.
 */
export async function launchShell(): Promise<Browser> {
  if (process.env.CHROMIUM_PATH !== undefined || process.platform !== "linux" || process.arch !== "x64")
    return launchChromium()
  return chromium.launch({ ...(await findShell()), args: FLAGS })
}

async function findChromium(): Promise<{ executablePath: string; args: string[]; env?: NodeJS.ProcessEnv }> {
  const { CHROMIUM_PATH } = process.env
  if (CHROMIUM_PATH !== undefined && !existsSync(CHROMIUM_PATH))
    throw new Error(`CHROMIUM_PATH names ${CHROMIUM_PATH}, which does not exist. Correct or unset it.`)
  const installed = CHROMIUM_PATH ?? USUAL_PLACES.find((path) => existsSync(path))
  if (installed !== undefined) return { executablePath: installed, args: FLAGS }
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error("The browser tests need Chromium or Chrome. Install one, or set CHROMIUM_PATH to its path.")
  const { default: packaged } = await import("@sparticuz/chromium")
  return { ...(await findShell()), args: [...packaged.args, ...FLAGS] }
}

async function findShell(): Promise<{ executablePath: string; env?: NodeJS.ProcessEnv }> {
  const { default: packaged } = await import("@sparticuz/chromium")
  return unpacked(async () => {
    const executablePath = await packaged.executablePath()
    return { executablePath, ...(await librariesOf(executablePath)) }
  })
}

/** Adds the libraries of `@sparticuz/chromium` when the machine lacks one, as bare images do. */
async function librariesOf(executablePath: string): Promise<{ env?: NodeJS.ProcessEnv }> {
  if (loads(executablePath)) return {}
  const folder = join(tmpdir(), "authjs-lazy-chromium-libraries")
  if (!existsSync(folder)) {
    const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium")
    const archive = brotliDecompressSync(readFileSync(join(dirname(entry), "../../bin/al2023.tar.br")))
    const unfinished = await mkdtemp(`${folder}-`)
    execFileSync("tar", ["-xf", "-", "-C", unfinished], { input: archive })
    await rename(unfinished, folder)
  }
  return { env: { ...process.env, LD_LIBRARY_PATH: join(folder, "lib") } }
}

function loads(program: string): boolean {
  try {
    return !/not found/.test(execFileSync("ldd", [program], { encoding: "utf8", stdio: "pipe" }))
  } catch {
    return false
  }
}

/** Unpacks under a lock, because all test files unpack the package to the same path. */
async function unpacked<Unpacked>(unpack: () => Promise<Unpacked>): Promise<Unpacked> {
  const lock = join(tmpdir(), "authjs-lazy-chromium-lock")
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    const mine = await mkdir(lock).then(
      () => true,
      () => false,
    )
    if (mine) return unpack().finally(() => rmdir(lock))
    await untilGone(lock, deadline)
  }
  throw new Error(`Another run has held ${lock} for a minute. Remove that folder if no tests are running.`)
}

/** Waits until a folder is removed, or until a moment in time. */
async function untilGone(path: string, deadline: number): Promise<void> {
  const changes = watch(dirname(path))
  const late = AbortSignal.timeout(Math.max(0, deadline - Date.now()))
  await new Promise<void>((resolve, reject) => {
    const look = () => void (existsSync(path) || resolve())
    changes.on("change", look).on("error", reject)
    late.addEventListener("abort", () => resolve())
    look()
  }).finally(() => changes.close())
}
