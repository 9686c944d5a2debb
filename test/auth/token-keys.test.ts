import { describe, expect, it } from "vitest"
import { TokenKeys } from "../../src/auth/token/keys.js"

describe("the keys of tokens", () => {
  it("are derived once for a secret and a salt", () => {
    const keys = new TokenKeys()
    const key = keys.get("secret", "salt")
    expect(keys.get("secret", "salt")).toBe(key)
    expect(keys.size).toBe(1)
  })

  it("differ by secret and by salt, wherever one ends and the other begins", () => {
    const keys = new TokenKeys()
    const pairs = [
      ["secret", "salt"],
      ["secret", "salts"],
      ["secrets", "alt"],
      ["salt", "secret"],
      ["secret", ""],
    ] as const
    const starts = pairs.map(([secret, salt]) => keys.get(secret, salt).start)
    expect(new Set(starts).size).toBe(pairs.length)
    expect(pairs.map(([secret, salt]) => keys.get(secret, salt).start)).toEqual(starts)
    expect(keys.size).toBe(pairs.length)
  })

  it("are no more than 64, and go when 64 others have been used since", () => {
    const keys = new TokenKeys()
    const often = keys.get("secret", "often")
    const once = keys.get("secret", "once")
    for (let n = 0; n < 1000; n++) {
      keys.get("secret", `salt-${n}`)
      expect(keys.get("secret", "often")).toBe(often)
      expect(keys.size).toBe(Math.min(n + 3, 64))
    }
    const again = keys.get("secret", "once")
    expect(again).not.toBe(once)
    expect(again.start).toBe(once.start)
  })

  it("go in the order of their last use", () => {
    const keys = new TokenKeys()
    const all = Array.from({ length: 64 }, (_, n) => keys.get("secret", `salt-${n}`))
    expect(keys.get("secret", "salt-0")).toBe(all[0])
    keys.get("secret", "one more")
    expect(keys.get("secret", "salt-0")).toBe(all[0])
    expect(keys.get("secret", "salt-2")).toBe(all[2])
    expect(keys.get("secret", "salt-1")).not.toBe(all[1])
  })

  it("are not made from an empty secret, nor for a salt that HKDF doesn't take, and nothing is remembered of the attempt", () => {
    const keys = new TokenKeys()
    expect(() => keys.get("", "salt")).toThrow(TypeError)
    expect(() => keys.get("secret", "s".repeat(1100))).toThrow(RangeError)
    expect(keys.size).toBe(0)
  })
})
