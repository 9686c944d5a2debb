import { spawn } from "node:child_process"
import { once } from "node:events"
import { createRequire } from "node:module"
import { Writable } from "node:stream"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import type { runCommand as RunCommand } from "../../src/cli/run-command.js"

/** The command as it is built, which `npm test` does first. */
export const builtCommand = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url))

// Runs in plain Node, which imports modules of apps as the command does, without Vite's transforms.
const { runCommand: runBuilt }: { runCommand: typeof RunCommand } = createRequire(import.meta.url)(
  "../../dist/cli/run-command.js",
)

export interface CommandResult {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs `authjs-lazy` as it is built, in this process and without its environment. */
export async function runCommand(
  args: string[],
  { env = {}, cwd = process.cwd() }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<CommandResult> {
  const [stdout, stderr] = [new Collected(), new Collected()]
  const closers: (() => Promise<unknown>)[] = []
  const code = await runBuilt(args, {
    env: { NODE_ENV: "test", ...env },
    cwd,
    stdout: stdout as Writable as NodeJS.WriteStream,
    stderr: stderr as Writable as NodeJS.WriteStream,
    print: (text) => void stdout.write(`${text}\n`),
    divertStdout() {},
    closers,
  })
  await Promise.all(closers.map((close) => close()))
  return { code, stdout: stdout.text, stderr: stderr.text }
}

class Collected extends Writable {
  text = ""

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** Runs `authjs-lazy` in a process of its own, without the database and the secrets of this one. */
export async function spawnCommand(
  args: string[],
  { env = {}, command = builtCommand, cwd }: { env?: Record<string, string>; command?: string; cwd?: string } = {},
): Promise<CommandResult> {
  const inherited = { ...process.env }
  for (const name of Object.keys(inherited)) if (/^(DATABASE_URL$|AUTH_|NEXTAUTH_)/.test(name)) delete inherited[name]
  const child = spawn(process.execPath, [command, ...args], { env: { ...inherited, ...env }, cwd })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  return { code: code as number | null, stdout, stderr }
}
