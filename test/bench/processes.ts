import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"

/** Servers run in production mode. Variables for authentication and databases are not passed on. */
const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AUTH_|NEXTAUTH_|BETTER_AUTH_|PG)/.test(name)),
  ),
  NODE_ENV: "production" as const,
}

/** Starts one of our TypeScript files as a process that ends with this one. */
export function forkScript(script: URL, args: string[], execArgv: string[] = []): ChildProcess {
  return fork(script, args, {
    execArgv: ["--import", import.meta.resolve("tsx"), ...execArgv],
    env: environment,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  })
}

/** The next thing a process says. */
export function messageFrom(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`${child.spawnargs.at(-1)} ended with code ${code}.`))
    child.once("exit", ended)
    child.once("message", (message) => {
      child.off("exit", ended)
      resolve(message)
    })
  })
}

/** Ends a process that ends when it is let go. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (!child.connected) return
  const exited = once(child, "exit")
  child.disconnect()
  await exited
}
