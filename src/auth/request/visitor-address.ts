import { honoAddress, platformAddress } from "./node-address.js"

/**
 * The objects that frameworks pass to a handler and that tell the client's address: Hono's context,
 * SvelteKit's event, or a function.
 */
export interface Visitor {
  /** The request of Hono. */
  req?: { raw: Request }
  getClientAddress?: () => string
  /** The bindings of Hono. */
  env?: unknown
  /** The platform of SvelteKit. */
  platform?: unknown
}

/**
 * Reads the client's address now, since the connection of a client that disconnects loses it.
 * Returns undefined where the framework doesn't know the address; some throw then.
 */
export function visitorAddress({ getClientAddress, env, platform }: Visitor): (() => string) | undefined {
  const address = given(getClientAddress) ?? honoAddress(env)?.() ?? platformAddress(platform)
  return address === undefined ? undefined : () => address
}

function given(getClientAddress: Visitor["getClientAddress"]): string | undefined {
  try {
    return getClientAddress?.()
  } catch {
    return undefined
  }
}
