import { honoAddress, platformAddress } from "./node-address.js"

/** What frameworks hand to a handler, as far as it tells the client's address: a context of Hono, an event of SvelteKit, or just a function. */
export interface Visitor {
  /** Hono's request. */
  req?: { raw: Request }
  getClientAddress?: () => string
  /** Hono's bindings. */
  env?: unknown
  /** SvelteKit's platform. */
  platform?: unknown
}

/**
 * The address of a client, asked for at once: of somebody who has hung up meanwhile it would not be known any more. Undefined where the framework
 * doesn't know it; some throw then.
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
