import { stat } from "node:fs/promises"
import { hash as argon2, argon2i } from "argon2"
import { describe, expect, test } from "vitest"
import { type HashOptions, hashPassword, hasUsablePassword, verifyPassword } from "../../src/password/hash.js"

const no = { ok: false, rehash: false }

describe("hashPassword", () => {
  test("is argon2id with OWASP's minimum, salted", async () => {
    const [one, two] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")])
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(two).not.toBe(one)
  })

  test("uses the parameters it is given", async () => {
    const hash = await hashPassword("correct horse", { memoryCost: 7168, timeCost: 5, parallelism: 2 })
    expect(hash).toContain("$m=7168,t=5,p=2$")
    expect(await verifyPassword(hash, "correct horse")).toEqual({ ok: true, rehash: true })
  })

  test.each<[string, HashOptions]>([
    ["too little memory", { memoryCost: 4096, timeCost: 50 }],
    ["too little work", { memoryCost: 19_456, timeCost: 1 }],
    ["no passes", { timeCost: 0 }],
    ["no lanes", { parallelism: 0 }],
    ["half a lane", { parallelism: 1.5 }],
    ["bytes for KiB", { memoryCost: 19_922_944 }],
    ["not a number", { timeCost: Number.NaN }],
    ["a number in a string", { memoryCost: "19456" as unknown as number }],
  ])("refuses %s, also when verifying", async (_, options) => {
    await expect(hashPassword("correct horse", options)).rejects.toThrow(RangeError)
    await expect(verifyPassword(null, "correct horse", options)).rejects.toThrow(RangeError)
  })

  test("names the option that is wrong", async () => {
    await expect(hashPassword("correct horse", { memoryCost: 64 })).rejects.toThrow(/memoryCost .* 7168 .* 64/)
  })

  test.each([
    ["empty", ""],
    ["257 characters", "x".repeat(257)],
    ["257 characters after normalising", "\ufdfa".repeat(15)],
    ["no string", 12345678 as unknown as string],
  ])("refuses a password that is %s", async (_, password) => {
    await expect(hashPassword(password)).rejects.toThrow(RangeError)
  })
})

describe("verifyPassword", () => {
  test("tells the right password from others", async () => {
    const hash = await hashPassword("correct horse")
    expect(await verifyPassword(hash, "correct horse")).toEqual({ ok: true, rehash: false })
    for (const wrong of ["correct hors", "correct horse ", "Correct horse", ""]) {
      expect(await verifyPassword(hash, wrong)).toEqual(no)
    }
  })

  test("takes a password however it was composed", async () => {
    const hash = await hashPassword("man\u0303ana ｗｉｄｅ")
    expect(await verifyPassword(hash, "ma\u00f1ana wide")).toEqual({ ok: true, rehash: false })
  })

  test("takes 256 characters to the last", async () => {
    const password = "😀".repeat(256)
    const hash = await hashPassword(password)
    expect(await verifyPassword(hash, password)).toEqual({ ok: true, rehash: false })
    expect(await verifyPassword(hash, `${"😀".repeat(255)}🦊`)).toEqual(no)
  })

  test.each<[string, HashOptions, boolean]>([
    ["the same", { memoryCost: 19_456, timeCost: 2, parallelism: 1 }, false],
    ["more memory", { memoryCost: 20_480 }, true],
    ["more passes", { timeCost: 3 }, true],
    ["more lanes", { parallelism: 2 }, true],
  ])("asks for a new hash when the parameters now are: %s", async (_, options, rehash) => {
    const hash = await hashPassword("correct horse")
    expect(await verifyPassword(hash, "correct horse", options)).toEqual({ ok: true, rehash })
    expect(await verifyPassword(hash, "wrong horse", options)).toEqual(no)
  })

  test("knows a hash made below today's minimum, and wants it replaced", async () => {
    const hash = await argon2("correct horse", { memoryCost: 1024, timeCost: 1, parallelism: 1 })
    expect(await verifyPassword(hash, "correct horse")).toEqual({ ok: true, rehash: true })
  })

  test("knows a hash that another implementation wrote, whatever the order of its parameters", async () => {
    const other = (await hashPassword("correct horse")).replace("m=19456,t=2,p=1", "m=19456,p=1,t=2")
    expect(hasUsablePassword(other)).toBe(true)
    expect(await verifyPassword(other, "correct horse")).toEqual({ ok: true, rehash: false })
  })

  const salt = "A".repeat(22)
  const tag = "A".repeat(43)
  const unusable: [string, string][] = [
    ["empty", ""],
    ["words", "not a hash"],
    ["bcrypt", "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"],
    ["cut off", `$argon2id$v=19$m=19456,t=2,p=1$${salt}`],
    ["without parameters", `$argon2id$v=19$${salt}$${tag}`],
    ["with spaces around", ` $argon2id$v=19$m=19456,t=2,p=1$${salt}$${tag} `],
    ["with a line break after", `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${tag}\n`],
    ["of an unknown version", `$argon2id$v=99$m=19456,t=2,p=1$${salt}$${tag}`],
    ["with a salt too short for argon2", `$argon2id$v=19$m=19456,t=2,p=1$AAAA$${tag}`],
    ["with a tag of four bytes", `$argon2id$v=19$m=19456,t=2,p=1$${salt}$AAAAAA`],
    ["with too little memory for its lanes", `$argon2id$v=19$m=8,t=1,p=4$${salt}$${tag}`],
    ["of no passes", `$argon2id$v=19$m=19456,t=0,p=1$${salt}$${tag}`],
    ["asking for 4 TiB", `$argon2id$v=19$m=4294967295,t=2,p=1$${salt}$${tag}`],
    ["asking for hours", `$argon2id$v=19$m=19456,t=4294967295,p=1$${salt}$${tag}`],
    ["asking for a thousand threads", `$argon2id$v=19$m=19456,t=2,p=1000$${salt}$${tag}`],
  ]

  test.each(unusable)("says no to a hash that is %s", async (_, hash) => {
    expect(await verifyPassword(hash, "correct horse")).toEqual(no)
    expect(hasUsablePassword(hash)).toBe(false)
  })

  test("says no to argon2i, even with the right password", async () => {
    const hash = await argon2("correct horse", { type: argon2i, memoryCost: 19_456, timeCost: 2, parallelism: 1 })
    expect(await verifyPassword(hash, "correct horse")).toEqual(no)
    expect(hasUsablePassword(hash)).toBe(false)
  })

  test("says no where there is no hash, whatever the password", async () => {
    for (const password of ["correct horse", "", "x".repeat(100_000)]) {
      expect(await verifyPassword(null, password)).toEqual(no)
    }
    expect(await verifyPassword(undefined as unknown as null, "correct horse")).toEqual(no)
  })

  test.each<[string, unknown]>([
    ["257 characters", "x".repeat(257)],
    ["a million characters", "x".repeat(1_000_000)],
    ["257 characters after normalising", "\ufdfa".repeat(15)],
    ["a number", 257],
    ["null", null],
    ["a list", ["correct horse"]],
    ["an object", { toString: () => "correct horse" }],
    ["bytes", Buffer.from("correct horse")],
  ])("says no to %s, even with a hash of just that", async (_, password) => {
    const hash = await argon2(String(password), { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
    expect(await verifyPassword(hash, password as string)).toEqual(no)
    expect(await verifyPassword(await argon2(""), password as string)).toEqual(no)
  })

  test("takes as long without a hash, with a bad one and with a bad password as with a wrong password", async () => {
    // Dear enough for the hash to dwarf everything else a busy machine does meanwhile.
    const options = { memoryCost: 32_768, timeCost: 3 }
    const hash = await hashPassword("correct horse", options)
    const cases: Record<string, [string | null, unknown]> = {
      wrong: [hash, "wrong horse"],
      none: [null, "wrong horse"],
      malformed: ["not a hash", "wrong horse"],
      bcrypt: ["$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "wrong horse"],
      tooLong: [hash, "x".repeat(100_000)],
      noString: [hash, undefined],
    }
    const times: Record<string, number[]> = {}
    // In turns, so that a slow moment of the machine hits all of them.
    for (let round = 0; round < 5; round += 1) {
      for (const [name, [stored, password]] of Object.entries(cases)) {
        const start = performance.now()
        await verifyPassword(stored, password as string, options)
        times[name] = [...(times[name] ?? []), performance.now() - start]
      }
    }
    const wrong = median(times.wrong)
    for (const name of Object.keys(cases)) {
      const ratio = median(times[name]) / wrong
      expect(ratio, name).toBeGreaterThan(0.3)
      expect(ratio, name).toBeLessThan(3)
    }
  })
})

describe("hasUsablePassword", () => {
  test("is true for what hashPassword makes and false for the unusable password", async () => {
    expect(hasUsablePassword(await hashPassword("correct horse"))).toBe(true)
    expect(hasUsablePassword(null)).toBe(false)
    expect(hasUsablePassword(undefined)).toBe(false)
    expect(hasUsablePassword("!")).toBe(false)
  })
})

describe("many at once", () => {
  test("are served in order and leave threads for others", async () => {
    const finished: number[] = []
    const all = Array.from({ length: 12 }, (_, index) =>
      (index % 2 ? verifyPassword(null, "correct horse") : hashPassword("correct horse")).then(() => {
        finished.push(index)
      }),
    )
    await Promise.race(all)
    await stat(import.meta.dirname)
    // If all twelve had libuv's four threads by now, the file system would wait for most of them.
    expect(finished.length).toBeLessThan(6)
    await Promise.all(all)
    expect(finished).toHaveLength(12)
    for (const [position, index] of finished.entries()) expect(Math.abs(position - index)).toBeLessThanOrEqual(2)
  })

  test("go on after one of them failed", async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => hashPassword(index % 2 ? "" : "correct horse")),
    )
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(4)
    expect(await verifyPassword(null, "correct horse")).toEqual(no)
  })
})

function median(times: number[] = []): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}
