/** Dots that a mail system reads as the dot between labels: https://www.unicode.org/reports/tr46/#Notation */
const DOTS = /[\u3002\uff0e\uff61]/g

/**
 * Whether an address stands in for none: one under the domain `.invalid`, which is reserved so that nobody can own it (RFC 2606). Nothing
 * is looked up, linked, proven or sent by such an address.
 */
export function isPlaceholderAddress(address: string): boolean {
  return /[@.]invalid[.>\s]*$/i.test(address.normalize("NFKC").replace(DOTS, "."))
}
