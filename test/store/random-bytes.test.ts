import { describe, expect, it } from "vitest"
import { randomBytes } from "../../src/random-bytes.js"

describe("random bytes", () => {
  it("are never given out twice, however many are taken at a time", () => {
    const seen = new Set<string>()
    // No divisor of the pool, so that its end is met in the middle of a draw.
    for (let n = 0; n < 5_000; n++) seen.add(randomBytes(17).toString("hex"))
    for (let n = 0; n < 5_000; n++) seen.add(randomBytes(16).toString("hex"))
    expect(seen.size).toBe(10_000)
  })

  it("stay what they are when more are drawn", () => {
    const bytes = randomBytes(32)
    const before = bytes.toString("hex")
    for (let n = 0; n < 1_000; n++) randomBytes(32)
    expect(bytes.toString("hex")).toBe(before)
  })

  it("take every value about as often, also right before the pool is filled again", () => {
    const counts = new Array<number>(256).fill(0)
    for (let n = 0; n < 2_560; n++) for (const byte of randomBytes(100)) counts[byte] = (counts[byte] as number) + 1
    // 1,000 of each are expected, give or take 32; six times that never happens.
    expect(Math.min(...counts)).toBeGreaterThan(800)
    expect(Math.max(...counts)).toBeLessThan(1_200)
  })

  it("come in the number that is asked for, or not at all", () => {
    for (const count of [0, 1, 4095, 4096]) expect(randomBytes(count)).toHaveLength(count)
    expect(() => randomBytes(4097)).toThrow(RangeError)
  })
})
