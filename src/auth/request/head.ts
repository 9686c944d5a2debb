import type { AuthConfig } from "@auth/core"

/**
 * A request without its body. `signal`, where the framework has one, is aborted when the client
 * disconnects.
 */
export type RequestHead = Pick<Request, "method" | "url" | "headers"> & { signal?: AbortSignal | null }

/** The argument that each integration of Auth.js passes to a configuration function. */
export type LazyRequest =
  /** next-auth, and anything that uses Request and Response. */
  | Request
  /** SvelteKit, the Express middleware and the gate; they need only the head of the request. */
  | { request: RequestHead; getClientAddress?: () => string; platform?: unknown }
  /** Hono. On Node, its `env` holds the connection, and so the client's address. */
  | { req: { raw: Request }; env?: unknown }

/**
 * Makes the configuration for one request; what `withLazy` returns, and `NextAuth()`, Hono and
 * SvelteKit take.
 */
export type LazyAuth = (request?: LazyRequest) => AuthConfig
