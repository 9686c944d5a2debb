import { setTimeout as wait } from "node:timers/promises"
import { endProcess, forkScript, messageFrom } from "../processes.js"
import type { Answers, ListeningAt, ServerStats } from "../servers/serve.js"

const SETTLING_MS = 50

/** A server in a process of its own. */
export interface RunningServer {
  origin: string
  ask<Asked extends keyof Answers>(question: Asked): Promise<Answers[Asked]>
  /** What it has done so far, once it has answered everything that was asked. */
  settled(): Promise<ServerStats>
  stop(): Promise<void>
}

/** Which file of `servers/` to start, and what to tell it beside the address of its database. */
export interface ServerScript {
  file: string
  args?: readonly string[]
}

/** Starts a server and waits until it listens. */
export async function startServer({ file, args = [] }: ServerScript, databaseUrl: string): Promise<RunningServer> {
  const child = forkScript(new URL(`../servers/${file}`, import.meta.url), [databaseUrl, ...args])
  const ask = async <Asked extends keyof Answers>(question: Asked) => {
    child.send(question)
    return (await messageFrom(child)) as Answers[Asked]
  }
  const { port } = (await messageFrom(child)) as ListeningAt
  return {
    origin: `http://127.0.0.1:${port}`,
    ask,
    async settled() {
      for (let before = await ask("stats"); ; ) {
        // Time for what is still on its way.
        await wait(SETTLING_MS)
        const stats = await ask("stats")
        if (stats.active === 0 && stats.succeeded + stats.failed === before.succeeded + before.failed) return stats
        before = stats
      }
    },
    stop: () => endProcess(child),
  }
}
