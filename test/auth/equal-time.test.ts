import { createRequire } from "node:module"
import { RateLimiterMemory } from "rate-limiter-flexible"
import { expect, it, vi } from "vitest"
import { PasswordProvider } from "../../src/password.js"
import { describeFlows, password, refusal } from "../setup/flow-app.js"

/** The costs of each hash that argon2 itself, which does the work, was asked to verify. */
const verified: (string | undefined)[] = vi.hoisted(() => {
  // Another file of this worker may have loaded the modules that import argon2.
  vi.resetModules()
  return []
})
vi.mock(import("argon2"), async () => {
  // At the cost of an app, unlike the other tests of this folder.
  const argon2: typeof import("argon2") = createRequire(import.meta.url)("argon2")
  const verify: typeof argon2.verify = (digest, ...rest) => {
    verified.push(/\$(argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+)\$/.exec(digest)?.[1])
    return argon2.verify(digest, ...rest)
  }
  return { ...argon2, verify }
})

const ROUNDS = 15

describeFlows("known or unknown name, wrong password: a sign-in", (app) => {
  let counter = 0
  const freshName = () => `timed-${process.pid}-${counter++}`
  const limiters = {
    name: new RateLimiterMemory({ points: 1000, duration: 60 }),
    address: new RateLimiterMemory({ points: 1000, duration: 60 }),
  }
  const changes = () => ({ providers: [...app.config.providers.slice(0, 1), PasswordProvider({ limiters })] })

  /** Everybody for whom a wrong password may be tried, by what is typed as the name. */
  async function names(): Promise<Record<string, string>> {
    const known = freshName()
    const owner = app.browser()
    await owner.signIn("convert", { username: known, password })
    const email = `${known}@example.com`
    const id = (await owner.session())?.user.id
    await app.database.query(`update "user" set email = '${email}' where id = '${id}'`)
    const { browser: lazy } = await app.lazyBrowser()
    const linked = await app.config.adapter.createUser({ id: "", email: `linked-${email}`, emailVerified: null })
    return {
      "a known name": known,
      "a known address": email,
      "an unknown name": freshName(),
      "an unknown address": `${freshName()}@example.com`,
      "a lazy user's name": (await lazy.session())?.user.username as string,
      "somebody without a password": linked.email,
      "what can be no name": "a@b@c",
      nothing: "",
    }
  }

  /** How long a failed sign-in takes from the click to the answer, in milliseconds. */
  async function fail(username: string): Promise<number> {
    const browser = app.browser(changes())
    const csrfToken = await browser.csrfToken()
    const start = performance.now()
    const answer = await browser.visit("/auth/callback/password", {
      form: { csrfToken, username, password: "not the password" },
    })
    const took = performance.now() - start
    expect(refusal(answer)).toBe("wrong_credentials")
    return took
  }

  it("verifies one hash of the same costs", async () => {
    for (const [whose, name] of Object.entries(await names())) {
      verified.length = 0
      await fail(name)
      expect(verified, whose).toEqual(["argon2id$v=19$m=19456,t=2,p=1"])
    }
  })

  // A machine that is busy all through one try is not all through four. A hash left out takes a tenth of the time in each.
  it("takes the same time as a whole", { timeout: 60_000, retry: 3 }, async () => {
    const everybody = Object.entries(await names())
    const times = new Map(everybody.map(([whose]) => [whose, [] as number[]]))
    // In turn, so that whatever else the machine does slows all of them down alike.
    for (let round = 0; round < ROUNDS; round++)
      for (const [whose, name] of everybody) times.get(whose)?.push(await fail(name))
    const known = quick(times.get("a known name") ?? [])
    for (const [whose, took] of times) {
      const ratio = quick(took) / known
      expect(ratio, whose).toBeGreaterThan(1 / 1.6)
      expect(ratio, whose).toBeLessThan(1.6)
    }
  })
})

/** Returns the third shortest time: a busy machine makes the others longer by chance. */
function quick(times: number[]): number {
  return times.toSorted((a, b) => a - b)[2] as number
}
