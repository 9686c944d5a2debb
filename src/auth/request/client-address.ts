import ipaddr from "ipaddr.js"
import { LazySetupError } from "../../errors.js"

/**
 * The header that holds the client's address behind your proxy; see `lazy.trustProxy`.
 * @example
 * const trustProxy: TrustedProxy = { header: "x-forwarded-for", hops: 2 }
 */
export interface TrustedProxy {
  /**
   * The header name, such as `x-forwarded-for`, `cf-connecting-ip` or `forwarded` (RFC 7239: `for`
   * is read).
   */
  header: string
  /**
   * How many of your proxies append to the header; the address is that many from its right end.
   * @default 1
   */
  hops?: number
}

/** The key shared by all clients whose address can't be parsed. */
export const UNREADABLE = "unreadable"

/**
 * Checks the settings of a trusted proxy.
 * @throws LazySetupError when the header has no name, or `hops` would read what a client can forge
 */
export function checkTrustedProxy({ header, hops = 1 }: TrustedProxy): void {
  if (header === "" || !Number.isInteger(hops) || hops < 1)
    throw new LazySetupError(
      "lazy.trustProxy must name a header, and its `hops` must be a whole number, 1 or more: " +
        'lazy: { trustProxy: { header: "x-forwarded-for", hops: 1 } }.',
    )
}

/**
 * Finds the text that should be the client's address. Returns undefined when the app names no
 * source or the source is empty.
 * @param direct returns the address that the framework knows
 * @param trusted the header to read instead; any client can send the other ones
 */
export function writtenAddress(
  headers: Headers | undefined,
  direct: (() => string | undefined) | undefined,
  trusted: TrustedProxy | undefined,
): string | undefined {
  // A request without the trusted header bypassed the proxy: count it as unreadable.
  if (trusted) return headers && lastEntry(headers.get(trusted.header) ?? "", trusted.hops ?? 1)
  const given: unknown = direct?.()
  // Some frameworks pass on the whole header. Its last entry is the client that the nearest proxy
  // saw.
  return typeof given === "string" && given.trim() !== "" ? lastEntry(given, 1) : undefined
}

function lastEntry(list: string, hops: number): string {
  return list.split(",").at(-hops)?.trim() ?? ""
}

/**
 * Returns the key for an address as proxies write it. Undefined for anything else, such as
 * `unknown` and `_hidden` (RFC 7239).
 */
export function keyOf(written: string): string | undefined {
  const parsed = parse(written)
  return parsed instanceof ipaddr.IPv6 ? `${networkOf(parsed, 4)}::/64` : parsed?.toString()
}

/**
 * Returns an address as proxies write it, without what they add. Undefined for anything else, and
 * for the address that stands for all clients that have disconnected.
 */
export function wholeAddress(written: string): string | undefined {
  const parsed = parse(written)
  return parsed?.range() === "unspecified" ? undefined : parsed?.toString()
}

function parse(written: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const address = bareAddress(written)
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address)
  // An IPv4 client of a server that listens on IPv6 comes as ::ffff:192.0.2.1.
  return ipaddr.IPv6.isValid(address) ? ipaddr.process(address) : undefined
}

/**
 * Returns the key of the /48 around a client that is counted by its /64. Undefined for other
 * clients.
 */
export function widerKey(client: string): string | undefined {
  const network = /^((?:[\da-f]+:){3})[\da-f]+::\/64$/.exec(client)?.[1]
  return network && `${network.slice(0, -1)}::/48`
}

function networkOf({ parts }: ipaddr.IPv6, groups: number): string {
  return parts
    .slice(0, groups)
    .map((part) => part.toString(16))
    .join(":")
}

/**
 * Strips what proxies add to an address: 192.0.2.1:1234, [2001:db8::1]:1234,
 * for="[2001:db8::1]";proto=https, fe80::1%eth0.
 */
function bareAddress(written: string): string {
  const forwarded = /(?:^|;)\s*for\s*=\s*("[^"]*"|[^;]*)/i.exec(written)?.[1] ?? written
  return forwarded
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .trim()
    .replace(/^\[([^\]]+)\](:\w+)?$/, "$1")
    .replace(/^(\d+\.\d+\.\d+\.\d+):\w+$/, "$1")
    .replace(/^([\da-f:.]+)%.*$/i, "$1")
}
