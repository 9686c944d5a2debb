import { randomFillSync } from "node:crypto"

/** Asking the system for a few bytes costs as much as asking for all of these. */
const pool = Buffer.allocUnsafeSlow(4096)
let used = pool.length

/**
 * Cryptographically strong random bytes, in memory of their own. None is ever given out twice.
 * @throws RangeError for more than 4096
 */
export function randomBytes(count: number): Buffer {
  if (count > pool.length) throw new RangeError(`${count} random bytes are more than ${pool.length}.`)
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.from(pool.subarray(used, used + count))
  // Nobody who gets to see the memory of the process later on shall find what was given out.
  pool.fill(0, used, used + count)
  used += count
  return bytes
}
