import { RateLimiterMemory } from "rate-limiter-flexible"
import { describe, expect, it } from "vitest"
import { creationLimits } from "../../src/auth/config/limits.js"
import { forgetTries, giveBackTry, takeTry, takeTryOf } from "../../src/auth/config/take-try.js"
import { everythingOf } from "../setup/used-values.js"

const SECRET = "s3cr3t-of-the-store"

function failing(): Promise<never> {
  const error = new Error("WRONGPASS invalid username-password pair or user is disabled.")
  return Promise.reject(Object.assign(error, { command: { name: "auth", args: ["app", SECRET] } }))
}

/**
 * An error of a store as ioredis makes it, with the command and its arguments, even those of AUTH.
 */
class FailingLimiter extends RateLimiterMemory {
  override consume() {
    return failing()
  }
  override penalty() {
    return failing()
  }
  override reward() {
    return failing()
  }
  override delete() {
    return failing()
  }
}

const NO_SHARED = {
  limiter: (): never => {
    throw new Error("The limiter was given.")
  },
}

describe("the error of a limiter's store", () => {
  it.each([
    [
      "for new lazy users",
      (limiter: FailingLimiter) => creationLimits({ perAddress: limiter }, NO_SHARED)("203.0.113.7"),
    ],
    ["for tries", (limiter: FailingLimiter) => takeTry(limiter, "ada")],
    ["for tries of a client", (limiter: FailingLimiter) => takeTryOf(limiter, "203.0.113.7")],
    ["for tries that are given back", (limiter: FailingLimiter) => giveBackTry(limiter, "203.0.113.7")],
    ["for tries that are forgotten", (limiter: FailingLimiter) => forgetTries(limiter, "ada")],
  ])("goes on without the command %s", async (_, take) => {
    const error: unknown = await take(new FailingLimiter({ points: 1, duration: 60 })).catch((error: unknown) => error)
    expect((error as Error).message).toMatch(/^WRONGPASS/)
    expect(everythingOf(error)).not.toContain(SECRET)
  })
})
