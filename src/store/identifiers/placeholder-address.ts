/** Dots that a mail system reads as the dot between labels: https://www.unicode.org/reports/tr46/#Notation */
const DOTS = /[\u3002\uff0e\uff61]/g

/**
 * Tells whether an address is a placeholder under the reserved domain `.invalid` (RFC 2606), which
 * nobody can own. Placeholders are never looked up, linked, proven or mailed.
 */
export function isPlaceholderAddress(address: string): boolean {
  return /[@.]invalid[.>\s]*$/i.test(address.normalize("NFKC").replace(DOTS, "."))
}
