import { randomBytes } from "../../random-bytes.js"

// Without 0 and o, 1, i and l: names are read aloud and typed.
const ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
const LENGTH = 10

/** `guest-` and ten random characters; about 10^15 names, which say nothing about the id or the session. */
export function generateLazyName(): string {
  let name = ""
  while (name.length < LENGTH) {
    for (const byte of randomBytes(LENGTH - name.length)) {
      const place = byte & 31
      // 31 characters: one of 32 values is thrown away, so that all characters are equally likely.
      if (place < ALPHABET.length) name += ALPHABET[place]
    }
  }
  return `guest-${name}`
}
