import type { AuthConfig } from "@auth/core"

/**
 * A request without its body. `signal`, where the framework has one, is aborted when the client
 * disconnects.
 */
export type RequestHead = Pick<Request, "method" | "url" | "headers"> & { signal?: AbortSignal | null }

/** What Auth.js integrations hand to a configuration function, by framework. */
export type LazyRequest =
  /** next-auth, and anything that speaks Request and Response */
  | Request
  /** SvelteKit, our Express middleware, and the gate, which looks at no more than the head of a request */
  | { request: RequestHead; getClientAddress?: () => string; platform?: unknown }
  /** Hono; on Node its `env` has the connection, and so the client's address */
  | { req: { raw: Request }; env?: unknown }

/** What `withLazy` returns: the configuration for one request, as `NextAuth()`, Hono and SvelteKit take it. */
export type LazyAuth = (request?: LazyRequest) => AuthConfig
