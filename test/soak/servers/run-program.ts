import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { openSync } from "node:fs"

/** The user as whom PostgreSQL and PgBouncer run, since both refuse to run as root. */
export interface Account {
  uid: number
  gid: number
}

/** Finds the user for servers that refuse root; undefined where this process is not root. */
export function unprivileged(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}

/** Starts a server whose output goes to a file. */
export function startProgram(program: string, args: string[], log: string, account?: Account): ChildProcess {
  const output = openSync(log, "a")
  return spawn(program, args, { stdio: ["ignore", output, output], ...account })
}

/** Runs a program to its end. */
export async function runProgram(program: string, args: string[], account?: Account): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], ...account })
  const said: string[] = []
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text))
  const [code] = (await once(child, "close")) as [number | null]
  if (code !== 0) throw new Error(`${program} ended with code ${code}:\n${said.join("")}`)
}

/** Ends a process and waits until it has. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill(signal)
  await ended
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks again until the answer is true. */
export async function until(what: string, isSo: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  for (;;) {
    if (await isSo().catch(() => false)) return
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs / 1000} s in vain: ${what}.`)
    await sleep(50)
  }
}
