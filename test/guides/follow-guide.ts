import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { folderToInstall, takeNativeCode } from "../setup/npm-install.js"
import { readGuide, type Step } from "./read-guide.js"

/** What of a guide isn't typed as it stands, and what is typed in its place. */
export type Instead = readonly (readonly [string, string])[]

/** Finds the address that a server prints when it is ready. */
const ADDRESS = /http:\/\/(?:localhost|127\.0\.0\.1):(?<port>\d+)/

/**
 * Follows a guide from an empty folder until it has started a server: types each command, saves each
 * file, and compares what is printed with what the guide shows, in order.
 * @param instead the address of the database and the like, which differ on each machine
 * @param env variables for the reader's commands
 * @throws Error with the line of the guide and what the command printed, if it fails
 */
export async function followGuide(path: string, instead: Instead, env: Record<string, string> = {}): Promise<Reader> {
  const reader = new Reader(await folderToInstall("guide"), env)
  try {
    reader.open(path, instead)
    await reader.goOn()
    if (!reader.origin) throw new Error(`${path} starts no server.`)
    return reader
  } catch (error) {
    await reader.close()
    throw error
  }
}

function withReplaced(step: Step, instead: Instead): Step {
  const replaced = (text: string) => instead.reduce((text, [from, to]) => text.replaceAll(from, to), text)
  if (step.does === "types") return { ...step, commands: replaced(step.commands) }
  if (step.does === "schedules") return { ...step, command: replaced(step.command) }
  return step.does === "saves" ? { ...step, text: replaced(step.text) } : step
}

interface Server {
  shell: ChildProcess
  /** The line by which the reader has started it, and starts it again. */
  command: string
  output: () => string
}

/** A developer with an empty folder who does what guides say. */
export class Reader {
  /** Address of the server that was started last. */
  origin: string | undefined
  private steps: { path: string; step: Step }[] = []
  private servers: Server[] = []
  /** What the last command has printed. */
  private printed = ""
  /** The files that `init` has written. */
  private readonly written = new Set<string>()
  /** Where the shell of the reader stands, and what it has exported. */
  private place: string
  private readonly state: string

  constructor(
    private readonly folder: string,
    private readonly env: Record<string, string>,
  ) {
    this.place = folder
    this.state = join(folder, ".shell")
  }

  /** The folder of the app. */
  get app(): string {
    return this.place
  }

  get isDone(): boolean {
    return this.steps.length === 0
  }

  /** What the server has printed so far. */
  output(): string {
    return this.servers.at(-1)?.output() ?? this.printed
  }

  /** Takes up a guide, which goes on where the last one ended. */
  open(path: string, instead: Instead): void {
    this.steps = readGuide(path).map((step) => ({ path, step: withReplaced(step, instead) }))
  }

  /** Follows the guide until it has started a server, or to its end. */
  async goOn(): Promise<void> {
    for (let next = this.steps.shift(); next; next = this.steps.shift()) {
      const { path, step } = next
      const servers = this.servers.length
      await this.take(step).catch((error) => {
        throw new Error(`${path}:${step.line}: ${error instanceof Error ? error.message : error}`)
      })
      if (this.servers.length > servers) return
    }
  }

  /** Follows the guide to its end. */
  async goToTheEnd(): Promise<void> {
    while (!this.isDone) await this.goOn()
  }

  private async take(step: Step): Promise<void> {
    if (step.does === "types") return void (await this.type(step.commands))
    if (step.does === "schedules") return this.runByCron(step.command)
    if (step.does === "sees") return this.compare(step.text)
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

  /** Compares what the last command has printed, but for its notes; `…` stands for anything. */
  private compare(text: string): void {
    const linesOf = (text: string) => text.split("\n").map(squeezed).filter(Boolean)
    const shown = linesOf(text).map((line) => new RegExp(`^${line.split("…").map(escaped).join(".*")}$`))
    const printed = linesOf(this.printed).filter((line) => !line.startsWith("authjs-lazy: "))
    if (printed.length !== shown.length || !printed.every((line, position) => shown[position]?.test(line)))
      throw new Error(`The guide shows\n${text}\nbut this was printed:\n${this.printed}`)
  }

  /**
   * Types commands, and returns what they have printed. One that prints an address of this machine
   * is a server, which stays; typed once more, it takes the place of the one before.
   */
  async type(commands: string): Promise<string> {
    const last = commands.trim().split("\n").at(-1) ?? ""
    for (const server of this.servers.filter(({ command }) => command === last)) await this.stop(server)
    const remember = `export -p > '${this.state}'; pwd > '${this.state}.place'`
    const recall = `cd '${this.place}'; [ ! -f '${this.state}' ] || . '${this.state}'`
    const script = `${recall}\ntrap "${remember}" EXIT\nset -e\n${commands}`
    const { shell, address, output } = this.start("bash", ["-c", script])
    const origin = await address
    this.printed = output()
    if (origin !== undefined && shell.exitCode === null && shell.signalCode === null) {
      this.origin = origin
      this.servers.push({ shell, command: last, output })
      return this.printed
    }
    checkEnd(shell, commands, this.printed)
    const [, files = ""] = /^Written:\n((?: {2}.+\n)+)/m.exec(this.printed) ?? []
    for (const name of files.split("\n")) this.written.add(name.trim())
    this.place = (await readFile(`${this.state}.place`, "utf8")).trim()
    await takeNativeCode(this.place)
    return this.printed
  }

  /** Runs a command as cron does, which has hardly any environment. */
  private async runByCron(command: string): Promise<void> {
    const env = [`HOME=${homedir()}`, `PATH=${process.env.PATH}`, "SHELL=/bin/sh"]
    const { shell, output } = this.start("env", ["-i", ...env, "/bin/sh", "-c", command])
    await once(shell, "close")
    this.printed = output()
    checkEnd(shell, command, this.printed)
  }

  /** Starts a command. The address is undefined if it ends without having printed one. */
  private start(command: string, args: string[]) {
    const shell = spawn(command, args, {
      cwd: this.folder,
      env: environment(this.env),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    })
    let output = ""
    const address = new Promise<string | undefined>((resolve) => {
      for (const stream of [shell.stdout, shell.stderr])
        stream?.on("data", (chunk) => {
          output += chunk
          const found = ADDRESS.exec(output)
          if (found) resolve(found[0])
        })
      shell.once("close", () => resolve(undefined))
    })
    return { shell, address, output: () => output }
  }

  private async stop(server: Server): Promise<void> {
    this.servers = this.servers.filter((each) => each !== server)
    const { shell } = server
    if (!shell.pid || shell.stdout?.destroyed) return
    // The children of the shell hold its output open until they have ended, too.
    const gone = once(shell, "close")
    process.kill(-shell.pid, "SIGTERM")
    await gone
  }

  /** Ends the servers and removes the folder. */
  async close(): Promise<void> {
    for (const server of this.servers) await this.stop(server)
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

function checkEnd({ exitCode }: ChildProcess, commands: string, printed: string): void {
  // With 3, the command of the package is done, and has said what is left to the reader.
  if (exitCode !== 0 && exitCode !== 3)
    throw new Error(`The reader typed\n${commands}\nand it ended with ${exitCode}:\n${printed}`)
}

const squeezed = (line: string) => line.trim().replaceAll(/\s+/g, " ")
const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

/** Leaves out what this machine has set, and the tests' own settings. */
function environment(more: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(DATABASE_URL|POSTGRES_URL|AUTH_|NEXTAUTH_|NODE_ENV|NODE_OPTIONS|VITEST|TEST|NEXT_|npm_)/.test(name),
  )
  const npm = { npm_config_prefer_offline: "true", npm_config_yes: "true", npm_config_audit: "false" }
  const own = { NEXT_TELEMETRY_DISABLED: "1", ...npm, ...more }
  // The types of Next.js want NODE_ENV, which a reader doesn't set.
  return Object.fromEntries([...inherited, ...Object.entries(own)]) as NodeJS.ProcessEnv
}
