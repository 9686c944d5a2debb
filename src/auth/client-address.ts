import ipaddr from "ipaddr.js"
import { LazySetupError } from "../errors.js"

/** Which header a proxy of yours writes the client's address into; see `lazy.trustProxy`. */
export interface TrustedProxy {
  /** Such as `x-forwarded-for`, or `cf-connecting-ip`. */
  header: string
  /** How many proxies of yours append to the header: the address is that many from its right end. Default: 1. */
  hops?: number
}

/** @throws LazySetupError when nothing could be read by these settings, or anybody's forgery would be */
export function checkTrustedProxy({ header, hops = 1 }: TrustedProxy): void {
  if (header === "" || !Number.isInteger(hops) || hops < 1)
    throw new LazySetupError("lazy.trustProxy names a header, and `hops` is a whole number, 1 or more.")
}

/**
 * The key under which a client is counted: its IPv4 address, or the /64 of its IPv6 address, since one customer has at least that
 * (RFC 6177). Undefined where nothing that can be trusted tells it.
 *
 * @param direct the address as the framework knows it
 * @param trusted the header to believe instead; a header that is not named here counts for nothing, since anybody can send it
 */
export function clientKey(
  headers: Headers | undefined,
  direct: (() => string | undefined) | undefined,
  trusted: TrustedProxy | undefined,
): string | undefined {
  const address = trusted ? forwardedAddress(headers, trusted) : direct?.()
  if (!address || !ipaddr.isValid(address)) return undefined
  // An IPv4 client of a server that listens on IPv6 comes as ::ffff:192.0.2.1.
  const parsed = ipaddr.process(address)
  if (parsed.kind() === "ipv4") return parsed.toString()
  const network = (parsed as ipaddr.IPv6).parts.slice(0, 4).map((part) => part.toString(16))
  return `${network.join(":")}::/64`
}

function forwardedAddress(headers: Headers | undefined, { header, hops = 1 }: TrustedProxy): string | undefined {
  const list = headers?.get(header)?.split(",")
  const entry = list?.at(-hops)?.trim()
  // Some proxies add the port: 192.0.2.1:1234, [2001:db8::1]:1234.
  return entry?.replace(/^\[([^\]]+)\](:\d+)?$/, "$1").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
}
