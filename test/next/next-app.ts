import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { cp, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { basename, join } from "node:path"
import { promisify } from "node:util"
import { folderToInstall, install } from "../setup/npm-install.js"

const run = promisify(execFile)

/** A Next.js app outside of the repository, with the library installed from its package. */
export interface BuiltApp {
  folder: string
  /** Starts it, on a port of this machine that the caller has chosen. */
  start: (port: number, env: Record<string, string>) => Promise<StartedApp>
  remove: () => Promise<void>
}

/** An app that answers. */
export interface StartedApp {
  origin: string
  /** What it has printed so far. */
  output: () => string
  close: () => Promise<void>
}

/** Copies the app, installs it with the packed library, and makes a production build. */
export async function buildNextApp(source: string): Promise<BuiltApp> {
  const folder = await folderToInstall("next")
  const strangers = new Set(["node_modules", ".next", ".env.local"])
  await cp(source, folder, { recursive: true, filter: (path) => !strangers.has(basename(path)) })
  await install(folder)
  return { ...(await buildInPlace(folder)), remove: () => rm(folder, { recursive: true, force: true }) }
}

/**
 * Makes a production build of an app in the repository, with the repository's packages and build.
 * @param flags for `next build`
 */
export async function buildInPlace(folder: string, flags: string[] = []): Promise<BuiltApp> {
  await next(folder, ["build", ...flags])
  return { folder, start: (port, env) => startNext(folder, "start", port, env), remove: async () => {} }
}

/** Starts the development server of an app in the repository, which builds each page on request. */
export function startDevelopment(folder: string, port: number, env: Record<string, string>): Promise<StartedApp> {
  return startNext(folder, "dev", port, { ...env, NODE_ENV: "development" })
}

/** A port that nobody uses yet. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1")
  await once(probe, "listening")
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, "close")
  return port
}

function nextOf(folder: string): string {
  return createRequire(join(folder, "package.json")).resolve("next/dist/bin/next")
}

async function next(folder: string, args: string[]): Promise<void> {
  try {
    await run(process.execPath, [nextOf(folder), ...args], { cwd: folder, env: environment({}) })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`next ${args.join(" ")} failed: ${stdout}${stderr}`, { cause: error })
  }
}

async function startNext(
  folder: string,
  command: "start" | "dev",
  port: number,
  env: Record<string, string>,
): Promise<StartedApp> {
  const args = [nextOf(folder), command, "-H", "127.0.0.1", "-p", String(port)]
  const server = spawn(process.execPath, args, {
    cwd: folder,
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
  })
  const output: string[] = []
  await new Promise<void>((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr])
      stream?.on("data", (chunk) => {
        output.push(String(chunk))
        if (/Ready in/.test(output.join(""))) resolve()
      })
    server.once("close", () => reject(new Error(`The app did not start: ${output.join("")}`)))
  })
  return {
    origin: `http://127.0.0.1:${port}`,
    output: () => output.join(""),
    close: () => stop(server),
  }
}

/** Whatever this machine has set is not for the app. */
function environment(env: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(DATABASE_URL|AUTH_|NEXTAUTH_|OPENID_|NODE_ENV|VITEST|TURBOPACK|NEXT_)/.test(name),
  )
  return { ...Object.fromEntries(inherited), NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1", ...env }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const gone = once(server, "exit")
  server.kill("SIGTERM")
  await gone
}
