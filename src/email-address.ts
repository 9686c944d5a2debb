import isEmail from "validator/lib/isEmail.js"

const RAW_MAX = 512
const BYTES_MAX = 254

// Only quoted local parts, comments, lists, groups and display names need these characters.
const SYNTAX = /["(),:;<>[\]\\\p{Z}]/u
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/u
const DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u

/**
 * Trims, lower-cases and normalises (NFC) an e-mail address, and returns null for an invalid one.
 *
 * An address has at most 254 octets (RFC 5321, section 4.5.3.1.3, erratum 1690), one `@`, and a
 * domain with a top-level domain, which may be the reserved `.invalid` (RFC 2606). Not allowed are
 * quoted local parts, comments, lists, IP addresses as domains, and invisible, control and
 * bidirectional characters.
 *
 * Uses NFC as RFC 6532, section 3.1, requires, because NFKC would change the recipient. An address
 * that NFKC changes (`＠`, `﹫`, wide letters, ligatures) is refused instead of rewritten.
 */
export function normalizeAddress(input: unknown): string | null {
  if (typeof input !== "string" || input.length > RAW_MAX) return null
  const typed = input.trim().normalize("NFC")
  if (typed !== typed.normalize("NFKC") || SYNTAX.test(typed) || INVISIBLE.test(typed)) return null
  const email = typed.toLowerCase().normalize("NFC")
  if (!DOMAIN.test(email.slice(email.lastIndexOf("@") + 1)) || Buffer.byteLength(email) > BYTES_MAX) return null
  // The types declare a CommonJS module with a `default`; at run time the function has one too.
  return isEmail.default(email) ? email : null
}
