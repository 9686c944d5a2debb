import { randomBytes } from "../../random-bytes.js"

// Without 0 and o, 1, i and l: names are read aloud and typed.
const ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
const LENGTH = 10

/**
 * Makes a name: `guest-` and ten random characters. The about 10^15 names say nothing about the id
 * or the session.
 */
export function generateLazyName(): string {
  let name = ""
  while (name.length < LENGTH) {
    for (const byte of randomBytes(LENGTH - name.length)) {
      const place = byte & 31
      // Drop one of 32 values, so that all 31 characters are equally likely.
      if (place < ALPHABET.length) name += ALPHABET[place]
    }
  }
  return `guest-${name}`
}
