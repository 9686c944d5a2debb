import { endProcess, forkScript, messageFrom } from "../processes.js"

/** A request as it goes over the wire. */
export interface RequestShape {
  method: "GET" | "POST"
  path: string
  headers: Record<string, string>
  body?: string
}

/** What the load consists of. */
export type Requests =
  /** Visitors nobody knows: the same request again and again. */
  | { kind: "strangers"; request: RequestShape }
  /** Requests that each carry a new CSRF token, because one token always gets the same user. */
  | { kind: "forms"; request: RequestShape; secret: string }
  /** Requests of visitors with a session, each in turn, answered with the visitor's id. */
  | { kind: "visitors"; requests: RequestShape[]; users: string[] }

/** What the process of the load is asked to do. */
export interface LoadJob {
  url: string
  connections: number
  seconds: number
  requests: Requests
}

/** What it has seen. */
export interface LoadResult {
  /** Answers a second. */
  rate: number
  /** Answers below 400. */
  succeeded: number
  /** Other answers, broken connections, timeouts, and answers with another user's id. */
  errors: number
  /** Milliseconds that half, and 99 of 100, of the requests took at most. */
  latency: { p50: number; p99: number }
  /** The `Set-Cookie` headers of some of the answers. */
  cookies: string[][]
}

/** A process of its own that sends requests. */
export interface Load {
  /**
   * Sends requests over kept-alive connections, each waiting for its answer. Runs one job at a
   * time.
   */
  run(job: LoadJob): Promise<LoadResult>
  stop(): Promise<void>
}

/** Starts the process. */
export function startLoad(): Load {
  const child = forkScript(new URL("load-process.ts", import.meta.url), [])
  return {
    async run(job) {
      child.send(job)
      return (await messageFrom(child)) as LoadResult
    },
    stop: () => endProcess(child),
  }
}
