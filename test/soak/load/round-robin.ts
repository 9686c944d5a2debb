import type { AppProcess } from "../servers/node-processes.js"

/** The address that visitors see, whichever process answers. */
export const ORIGIN = "http://app.soak"

/**
 * Sends requests to one process after the other, as a load balancer does: to the next one where
 * nothing listens, and only once where the connection is lost, since the process may have acted.
 */
export class RoundRobin {
  #next = 0

  constructor(private readonly apps: readonly Pick<AppProcess, "port">[]) {}

  /** @throws Error where a connection is lost, or nothing listens at all */
  async send(request: Request): Promise<Response> {
    const { method, headers } = request
    const body = request.body ? await request.text() : undefined
    const { pathname, search } = new URL(request.url)
    let failure: unknown
    for (let n = 0; n < this.apps.length; n++) {
      const { port } = this.apps[this.#next++ % this.apps.length] as Pick<AppProcess, "port">
      try {
        const signal = AbortSignal.timeout(20_000)
        return await fetch(`http://127.0.0.1:${port}${pathname}${search}`, {
          method,
          headers,
          body,
          signal,
          redirect: "manual",
        })
      } catch (error) {
        failure = error
        if (!isRefused(error)) break
      }
    }
    throw failure
  }
}

function isRefused(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: string } }
  return cause?.code === "ECONNREFUSED"
}
