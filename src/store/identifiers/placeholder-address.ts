/** Characters that mail systems read as a dot: https://www.unicode.org/reports/tr46/#Notation */
const DOTS = /[\u3002\uff0e\uff61]/g

/**
 * Tells whether an address is a placeholder under the reserved domain `.invalid` (RFC 2606). No
 * mail server can own one, so placeholders are never looked up, linked, proven or mailed.
 */
export function isPlaceholderAddress(address: string): boolean {
  return /[@.]invalid[.>\s]*$/i.test(address.normalize("NFKC").replace(DOTS, "."))
}
