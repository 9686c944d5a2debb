/** Masks an address for a report: the first two characters and the domain stay. */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf("@")
  const [local, domain] = at < 0 ? [address, ""] : [address.slice(0, at), address.slice(at)]
  return `${[...local].slice(0, 2).join("")}***${domain}`
}
