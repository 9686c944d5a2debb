import { afterEach, expect, it, vi } from "vitest"
import { hashPassword } from "../../src/password/hash.js"
import { type VerifyOther, verifyAnyHash } from "../../src/password/other-hash.js"

const failures: string[] = []
const check = (stored: string | null, verifyOther: VerifyOther, sample: string | null = null) =>
  verifyAnyHash(stored, "a password", {
    verifyOther,
    sample,
    turn: { maxWaiting: 4 },
    onFailure: ({ message }) => void failures.push(message),
  })
const no = { ok: false, rehash: false }

afterEach(() => {
  failures.length = 0
  vi.useRealTimers()
})

it("gives up a function that never answers, and the queue goes on", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  const called = new Promise<void>((resolve) => {
    const never: VerifyOther = () => {
      resolve()
      return new Promise(() => {})
    }
    for (let n = 0; n < 3; n++) answers.push(check("$2b$hash", never))
  })
  await called
  const others = answers.length
  while (failures.length < others) {
    await vi.advanceTimersByTimeAsync(10_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await Promise.all(answers)).toEqual([no, no, no])
  expect(new Set(failures)).toEqual(new Set(["verifyOther did not answer within 10 seconds."]))
  vi.useRealTimers()
  expect(await check("$2b$hash", () => true)).toEqual({ ok: true, rehash: true })
})
const answers: Promise<unknown>[] = []

it("believes no answer about the hash of another user", async () => {
  const own = await hashPassword("another password")
  const yes = vi.fn(() => true)
  expect(await check(null, yes, "$2b$of another")).toEqual(no)
  expect(await check(own, yes, "$2b$of another")).toEqual(no)
  expect(await check("x".repeat(2000), yes, "$2b$of another")).toEqual(no)
  expect(yes.mock.calls).toEqual(Array(3).fill(["$2b$of another", "a password"]))
  expect(await check(null, yes)).toEqual(no)
  expect(yes).toHaveBeenCalledTimes(3)
  const failing = () => Promise.reject(new Error("away"))
  expect(await check(null, failing, "$2b$of another")).toEqual(no)
  expect(failures).toEqual([])
})
