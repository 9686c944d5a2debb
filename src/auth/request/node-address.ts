/** As much of a request of Node's as is asked for its address. */
interface NodeRequest {
  socket?: { remoteAddress?: string; localAddress?: string; destroyed?: boolean }
}

/** What @hono/node-server hands to an app as `c.env`. */
interface NodeBindings {
  incoming?: NodeRequest
}

/**
 * Stands for everybody who has hung up: their connection no longer says who they were. Counted as one, they can't make users without end
 * by hanging up.
 */
const HUNG_UP = "0.0.0.0"

/** The address at the other end of the connection; undefined where there is none, such as behind a Unix socket. Never from a header. */
export function nodeAddress(request: NodeRequest | undefined): string | undefined {
  const { remoteAddress, localAddress, destroyed } = request?.socket ?? {}
  return remoteAddress ?? (destroyed || localAddress !== undefined ? HUNG_UP : undefined)
}

/** The same from Hono's `c.env`: https://hono.dev/docs/getting-started/nodejs#access-the-raw-node-js-apis */
export function honoAddress(env: unknown): (() => string) | undefined {
  const bindings = env as (NodeBindings & { server?: NodeBindings }) | undefined
  const address = nodeAddress((bindings?.server ?? bindings)?.incoming)
  return address === undefined ? undefined : () => address
}

/** The same from SvelteKit's `event.platform`, as @sveltejs/adapter-node makes it. */
export function platformAddress(platform: unknown): string | undefined {
  return nodeAddress((platform as { req?: NodeRequest } | undefined)?.req)
}
