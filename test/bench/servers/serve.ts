import { once } from "node:events"
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { endWithParent } from "../end-with-parent.js"
import type { CpuProfile } from "../profile/self-times.js"
import { startProfile, stopProfile } from "./profiler.js"
import { toRequest, writeResponse } from "./web-bridge.js"

/** What a server tells of itself when it is asked. */
export interface ServerStats {
  /** Microseconds of CPU since the process was started, user and system. */
  cpu: number
  /** Responses below 400, and all others. */
  succeeded: number
  failed: number
  /** Requests that are not answered yet. */
  active: number
}

/** The first thing a server says to the process that started it. */
export interface ListeningAt {
  port: number
}

/** What a server can be asked then, and what it answers. */
export interface Answers {
  stats: ServerStats
  "start profile": true
  "stop profile": CpuProfile
}

// The TypeScript loader turns this on for the whole process, which makes errors slower than in
// production.
process.setSourceMapsEnabled(false)

/** Serves a handler that speaks Request and Response; all of them pay for the same translation. */
export function serve(handle: (request: Request) => Promise<Response>): Promise<void> {
  return serveNode(async (req, res) => writeResponse(await handle(await toRequest(req)), res))
}

/** Serves on a free port of this machine alone, and ends with the process that started this one. */
export async function serveNode(handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>): Promise<void> {
  const counts = { succeeded: 0, failed: 0, active: 0 }
  const server = createServer(counted(handle, counts))
  server.keepAliveTimeout = 60_000
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const answers: { [Asked in keyof Answers]: () => Answers[Asked] | Promise<Answers[Asked]> } = {
    stats: () => ({ cpu: cpuTime(), ...counts }),
    "start profile": startProfile,
    "stop profile": stopProfile,
  }
  process.on("message", async (question: keyof Answers) => process.send?.(await answers[question]()))
  endWithParent()
  process.send?.({ port: (server.address() as AddressInfo).port } satisfies ListeningAt)
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function counted(
  handle: (req: IncomingMessage, res: ServerResponse) => Promise<void>,
  counts: Omit<ServerStats, "cpu">,
): RequestListener {
  return async (req, res) => {
    counts.active++
    try {
      await handle(req, res)
      if (res.statusCode < 400) counts.succeeded++
      else counts.failed++
    } catch (error) {
      // The first says enough: the measurement fails.
      if (counts.failed++ === 0) console.error(error)
      res.writeHead(500).end()
    } finally {
      counts.active--
    }
  }
}
