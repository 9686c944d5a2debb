import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { freePort } from "./free-port.js"

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
