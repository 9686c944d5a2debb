import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { folderToInstall, takeNativeCode } from "../setup/npm-install.js"
import { readGuide, type Step } from "./read-guide.js"

/** A guide that was typed to its end, with what it has started. */
export interface FollowedGuide {
  /** The folder in which the reader began. */
  folder: string
  /** Address of the server that runs at the end. */
  origin: string
  /** What that server has printed so far. */
  output: () => string
  /** Ends the server and removes the folder. */
  close: () => Promise<void>
}

/** What of a guide isn't typed as it stands, and what is typed in its place. */
export type Instead = readonly (readonly [string, string])[]

/** Finds the address that a server prints when it is ready. */
const ADDRESS = /http:\/\/(?:localhost|127\.0\.0\.1):(?<port>\d+)/

/**
 * Follows a guide from an empty folder: types each command and saves each file, in order. A block
 * that ends is over; one that prints an address of this machine is a server, which stays.
 * @param instead the address of the database and the like, which differ on each machine
 * @throws Error with the line of the guide and what the command printed, if it fails
 */
export async function followGuide(path: string, instead: Instead): Promise<FollowedGuide> {
  const folder = await folderToInstall("guide")
  const reader = new Reader(folder)
  try {
    for (const step of readGuide(path))
      await reader.take(withReplaced(step, instead)).catch((error) => {
        throw new Error(`${path}:${step.line}: ${error instanceof Error ? error.message : error}`)
      })
    if (!reader.origin) throw new Error(`${path} starts no server.`)
    return { folder, origin: reader.origin, output: () => reader.printed, close: () => reader.close() }
  } catch (error) {
    await reader.close()
    throw error
  }
}

function withReplaced(step: Step, instead: Instead): Step {
  const replaced = (text: string) => instead.reduce((text, [from, to]) => text.replaceAll(from, to), text)
  if (step.does === "types") return { ...step, commands: replaced(step.commands) }
  return step.does === "saves" ? { ...step, text: replaced(step.text) } : step
}

class Reader {
  origin: string | undefined
  printed = ""
  private servers: ChildProcess[] = []
  /** The files that `init` has written. */
  private readonly written = new Set<string>()
  /** Where the shell of the reader stands, and what it has exported. */
  private place: string
  private readonly state: string

  constructor(private readonly folder: string) {
    this.place = folder
    this.state = join(folder, ".shell")
  }

  async take(step: Step): Promise<void> {
    if (step.does === "types") return this.type(step.commands)
    const file = join(this.place, step.file)
    await mkdir(dirname(file), { recursive: true })
    const before = await readFile(file, "utf8").catch(() => "")
    if (step.does === "saves" && this.written.has(step.file) && before !== step.text)
      throw new Error(`${step.file} is shown otherwise than \`init\` has written it:\n${before}`)
    if (step.does === "saves") return writeFile(file, step.text)
    if (!before.includes(step.from)) throw new Error(`${step.file} has no such lines:\n${step.from}\nbut:\n${before}`)
    await writeFile(
      file,
      before.replace(step.from, () => step.to),
    )
  }

  private async type(commands: string): Promise<void> {
    const remember = `export -p > '${this.state}'; pwd > '${this.state}.place'`
    const recall = `cd '${this.place}'; [ ! -f '${this.state}' ] || . '${this.state}'`
    const script = `${recall}\ntrap "${remember}" EXIT\nset -e\n${commands}`
    const shell = spawn("bash", ["-c", script], {
      cwd: this.folder,
      env: environment(),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    })
    this.printed = ""
    const address = new Promise<string | undefined>((resolve) => {
      for (const stream of [shell.stdout, shell.stderr])
        stream?.on("data", (chunk) => {
          this.printed += chunk
          const found = ADDRESS.exec(this.printed)
          if (found) resolve(found[0])
        })
      shell.once("close", () => resolve(undefined))
    })
    this.origin = (await address) ?? this.origin
    if (shell.exitCode === null && shell.signalCode === null) return void this.servers.push(shell)
    // With 3, the command of the package is done, and has said what is left to the reader.
    if (shell.exitCode !== 0 && shell.exitCode !== 3)
      throw new Error(`The reader typed\n${commands}\nand it ended with ${shell.exitCode}:\n${this.printed}`)
    const [, files = ""] = /^Written:\n((?: {2}.+\n)+)/m.exec(this.printed) ?? []
    for (const name of files.split("\n")) this.written.add(name.trim())
    this.place = (await readFile(`${this.state}.place`, "utf8")).trim()
    await takeNativeCode(this.place)
  }

  async close(): Promise<void> {
    for (const server of this.servers) {
      const gone = once(server, "exit")
      // The shell's children, too.
      if (server.pid) process.kill(-server.pid, "SIGTERM")
      await gone
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Leaves out what this machine has set, and the tests' own settings. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(DATABASE_URL|POSTGRES_URL|AUTH_|NEXTAUTH_|NODE_ENV|NODE_OPTIONS|VITEST|TEST|NEXT_|npm_)/.test(name),
  )
  const own = { NEXT_TELEMETRY_DISABLED: "1", npm_config_prefer_offline: "true", npm_config_yes: "true" }
  // The types of Next.js want NODE_ENV, which a reader doesn't set.
  return Object.fromEntries([...inherited, ...Object.entries(own)]) as NodeJS.ProcessEnv
}
