/** The parts of a Node request that tell its address. */
interface NodeRequest {
  socket?: { remoteAddress?: string; localAddress?: string; destroyed?: boolean }
}

/** The bindings that @hono/node-server passes to an app as `c.env`. */
interface NodeBindings {
  incoming?: NodeRequest
}

/**
 * The address of all clients that have disconnected, since their connections no longer have one.
 * Counted together, they can't make unlimited users by disconnecting.
 */
const DISCONNECTED = "0.0.0.0"

/**
 * Returns the address at the other end of the connection, never one from a header. Returns
 * undefined where there is none, such as behind a Unix socket.
 */
export function nodeAddress(request: NodeRequest | undefined): string | undefined {
  const { remoteAddress, localAddress, destroyed } = request?.socket ?? {}
  return remoteAddress ?? (destroyed || localAddress !== undefined ? DISCONNECTED : undefined)
}

/**
 * Returns the address of the client from Hono's `c.env`:
 * https://hono.dev/docs/getting-started/nodejs#access-the-raw-node-js-apis
 */
export function honoAddress(env: unknown): (() => string) | undefined {
  const bindings = env as (NodeBindings & { server?: NodeBindings }) | undefined
  const address = nodeAddress((bindings?.server ?? bindings)?.incoming)
  return address === undefined ? undefined : () => address
}

/**
 * Returns the address of the client from SvelteKit's `event.platform` of @sveltejs/adapter-node.
 */
export function platformAddress(platform: unknown): string | undefined {
  return nodeAddress((platform as { req?: NodeRequest } | undefined)?.req)
}
