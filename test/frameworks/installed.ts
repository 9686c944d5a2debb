import { execFile, spawn } from "node:child_process"
import { cp, readFile, rm } from "node:fs/promises"
import { basename, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { freePort } from "../setup/free-port.js"
import { atVersionsHere, folderToInstall, install } from "../setup/npm-install.js"

const root = fileURLToPath(new URL("../..", import.meta.url))

/**
 * A copy of an example outside of the repository, with the package installed from its npm tarball.
 */
export interface Installed {
  folder: string
  /** Runs a command in the folder, or in one below it, and resolves with what it prints. */
  run: (command: string, args: string[], below?: string, env?: Record<string, string>) => Promise<string>
  remove: () => Promise<void>
}

/** Copies an example of docs/examples and installs what it names, and `more`. */
export async function installExample(name: string, more: Record<string, string> = {}): Promise<Installed> {
  const folder = await folderToInstall(name)
  const run = async (command: string, args: string[], below = ".", env: Record<string, string> = {}) => {
    const options = { cwd: join(folder, below), maxBuffer: 32 * 1024 * 1024, env: { ...process.env, ...env } }
    return (await promisify(execFile)(command, args, options)).stdout
  }
  const copied = (path: string) => !["node_modules", ".svelte-kit", "build"].includes(basename(path))
  await cp(join(root, "docs/examples", name), folder, { recursive: true, filter: copied })
  const { dependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"))
  await install(folder, { ...atVersionsHere(dependencies), ...more })
  return { folder, run, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A server in a process of its own. */
export interface Running {
  port: number
  stop: () => Promise<void>
}

/** Starts a server on a free port and waits until it says that it listens. */
export async function startProcess(
  folder: string,
  command: string,
  args: string[],
  env: Record<string, string>,
): Promise<Running> {
  const port = await freePort()
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, ...env, PORT: String(port), ORIGIN: `http://localhost:${port}` },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  let errors = ""
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text
  })
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/listening/i.test(line)) continue
    child.stdout.resume()
    return {
      port,
      stop() {
        child.kill()
        return ended
      },
    }
  }
  await ended
  throw new Error(`${command} ${args.join(" ")} ended: ${errors}`)
}
