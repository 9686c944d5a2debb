import { randomFillSync } from "node:crypto"

/** A call to the system costs the same for a few bytes as for this many. */
const pool = Buffer.allocUnsafeSlow(4096)
let used = pool.length

/**
 * Returns cryptographically strong random bytes in a new buffer. No byte is used twice.
 * @throws RangeError when `count` is over 4096
 */
export function randomBytes(count: number): Buffer {
  if (count > pool.length) throw new RangeError(`count must be at most ${pool.length}, not ${count}.`)
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.from(pool.subarray(used, used + count))
  // Erase the bytes, so that a later dump of this process's memory does not reveal them.
  pool.fill(0, used, used + count)
  used += count
  return bytes
}
