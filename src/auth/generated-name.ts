// Without 0 and o, 1, i and l: names are read aloud and typed.
const ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
const LENGTH = 10

/** `guest-` and ten random characters; about 10^15 names, which say nothing about the id or the session. */
export function generateLazyName(): string {
  let name = ""
  while (name.length < LENGTH) {
    const place = nextByte() & 31
    // 31 characters: one of 32 values is thrown away, so that all characters are equally likely.
    if (place < ALPHABET.length) name += ALPHABET[place]
  }
  return `guest-${name}`
}

// Many names' worth at a time: asking for a few bytes costs as much as asking for all of these.
const pool = new Uint8Array(1024)
let used = pool.length

function nextByte(): number {
  if (used === pool.length) {
    crypto.getRandomValues(pool)
    used = 0
  }
  return pool[used++] as number
}
