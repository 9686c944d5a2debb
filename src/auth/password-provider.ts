import type { RateLimiterAbstract } from "rate-limiter-flexible"
import { RateLimiterMemory } from "rate-limiter-flexible"
import { type HashOptions, hashPassword, verifyPassword } from "../password/hash.js"
import { normalizeEmail, normalizeUsername } from "../password/policy.js"
import type { Identifier } from "../store/lazy-store.js"
import { boundProvider, type LazyProviderConfig } from "./bound-provider.js"
import { requirePasswords } from "./convert-provider.js"
import { SignInRefused } from "./sign-in-refused.js"
import { takeTry } from "./take-try.js"

/** How people sign in with a password; see {@link PasswordProvider}. */
export interface PasswordProviderOptions {
  /** Parameters of argon2id. A stored hash made with others is replaced at the next sign-in. Default: the OWASP minimum or better. */
  hash?: HashOptions
  /**
   * Bounds failed tries. Any limiter of rate-limiter-flexible; with several server processes, use one that they share (Redis, Postgres, …).
   * A limiter whose store fails makes sign-ins fail: give it an `insuranceLimiter` if you'd rather not have that.
   */
  limiters?: {
    /** Failed tries per name. Default: 10 in 15 minutes, in memory. */
    name?: RateLimiterAbstract
    /** Failed tries per client address, where the framework knows it. Default: 100 in an hour, in memory. */
    address?: RateLimiterAbstract
  }
}

/**
 * The provider behind `signIn("password", { username, password })`; `username` may be an e-mail address. A wrong password, an unknown
 * name, a lazy user's name and a user without a password are answered alike, in the same time: `wrong_credentials`. After too
 * many failures: `too_many_tries`, whether or not there is such a user.
 */
export function PasswordProvider(options: PasswordProviderOptions = {}): LazyProviderConfig {
  const limiters = {
    name:
      options.limiters?.name ?? new RateLimiterMemory({ keyPrefix: "password-name", points: 10, duration: 15 * 60 }),
    address:
      options.limiters?.address ??
      new RateLimiterMemory({ keyPrefix: "password-address", points: 100, duration: 60 * 60 }),
  }
  return boundProvider(
    {
      id: "password",
      name: "Password",
      credentials: { username: { label: "Username or e-mail" }, password: { label: "Password", type: "password" } },
    },
    {
      check: requirePasswords,
      async authorize({ username, password }, context) {
        const identifier = readIdentifier(username)
        const key = Object.values(identifier)[0] as string
        // Taken before the work and given back after a success, so that tries at the same moment are counted too.
        await takeTry(limiters.name, key)
        const client = context.client()
        if (client !== undefined) await takeTry(limiters.address, client)
        const user = await context.adapter.lazy.checkPassword(identifier, async (hash) => {
          // JSON can bring anything; what is no string is no password, and takes as long as a wrong one.
          const typed = typeof password === "string" ? password : ""
          const { ok, rehash } = await verifyPassword(hash, typed, options.hash)
          return rehash ? { ok, rehashed: await hashPassword(typed, options.hash) } : { ok }
        })
        if (!user) throw new SignInRefused("wrong_credentials")
        context.byPassword = true
        await limiters.name.delete(key)
        if (client !== undefined) await limiters.address.reward(client)
        return user
      },
    },
  )
}

/** Something that can't be a name or an address is looked up all the same, so that it takes as long as any other. */
function readIdentifier(input: unknown): Identifier {
  const email = normalizeEmail(input)
  if (email) return { email }
  return { username: normalizeUsername(input)?.username ?? "" }
}
