import isEmail from "validator/lib/isEmail.js"

const RAW_MAX = 512
const BYTES_MAX = 254

// What only a quoted local part, a comment, a list, a group or a display name needs.
const SYNTAX = /["(),:;<>[\]\\\p{Z}]/u
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/u
const DOMAIN = /^[\p{L}\p{M}\p{N}.-]+$/u

/**
 * Returns the e-mail address in `input`, trimmed, lower-cased and in NFC, or null if it is none.
 *
 * At most 254 octets (RFC 5321, section 4.5.3.1.3 and its erratum 1690), one `@`, a domain with a top-level domain; the
 * reserved `.invalid` (RFC 2606) is one. Refused are quoted local parts, comments, lists, IP address domains, and
 * invisible, control and bidirectional characters.
 *
 * NFC and not NFKC, because RFC 6532, section 3.1 asks for the former: compatibility mappings change who is addressed. An
 * address that NFKC would change (`＠`, `﹫`, wide letters, ligatures) is therefore refused, not rewritten.
 */
export function normalizeAddress(input: unknown): string | null {
  if (typeof input !== "string" || input.length > RAW_MAX) return null
  const typed = input.trim().normalize("NFC")
  if (typed !== typed.normalize("NFKC") || SYNTAX.test(typed) || INVISIBLE.test(typed)) return null
  const email = typed.toLowerCase().normalize("NFC")
  if (!DOMAIN.test(email.slice(email.lastIndexOf("@") + 1)) || Buffer.byteLength(email) > BYTES_MAX) return null
  // The types see a CommonJS module with a `default`, which the function at run time has too.
  return isEmail.default(email) ? email : null
}
