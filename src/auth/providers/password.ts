import type { RateLimiterAbstract } from "rate-limiter-flexible"
import { type HashOptions, hashPassword, verifyPassword } from "../../password/hash.js"
import { normalizeEmail, normalizeUsername } from "../../password/policy.js"
import { TooManyWaiting } from "../../password/turns.js"
import type { UserIdentifier } from "../../store/identifiers/active-users.js"
import { SignInRefused } from "../config/sign-in-refused.js"
import { forgetTries, giveBackTry, takeTry, takeTryOf } from "../config/take-try.js"
import { boundProvider, type LazyProviderConfig } from "./bound-provider.js"
import { requirePasswords } from "./convert.js"
import { inTurn, turnOf } from "./password-turn.js"

/**
 * Options of {@link PasswordProvider}.
 * @example
 * const options: PasswordProviderOptions = { hash: { timeCost: 3 } }
 */
export interface PasswordProviderOptions {
  /**
   * The parameters of argon2id. A hash made with others is replaced at the next sign-in.
   * @default the OWASP minimum or better
   * @example hash: { timeCost: 3 }
   */
  hash?: HashOptions
  /**
   * Limits failed tries. Takes any limiter of rate-limiter-flexible; several server processes need
   * one that they share (Redis, PostgreSQL, …). Sign-ins fail while the store of a limiter fails,
   * unless it has an `insuranceLimiter`.
   * @default limiters in memory
   * @example limiters: { name: new RateLimiterMemory({ points: 5, duration: 15 * 60 }) }
   */
  limiters?: {
    /**
     * Limits failed tries per name.
     * @default 10 in 15 minutes, in memory
     */
    name?: RateLimiterAbstract
    /**
     * Limits failed tries per client address, where the framework knows it.
     * @default 100 an hour, in memory
     */
    address?: RateLimiterAbstract
  }
}

/**
 * Makes the provider behind `signIn("password", { username, password })`; `username` may be an
 * e-mail address. A wrong password, an unknown name, a lazy user's name and a user without a
 * password all get `wrong_credentials`, in the same time. Too many failures get `too_many_tries`,
 * whether or not the user exists.
 * @example
 * const authConfig = withLazy({
 *   adapter: LazyAdapter(db),
 *   providers: [LazyProvider(), PasswordProvider(), ConvertProvider()],
 * })
 */
export function PasswordProvider(options: PasswordProviderOptions = {}): LazyProviderConfig {
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
        const {
          name = context.limiters.limiter("password-name", NAME_TRIES),
          address = context.limiters.limiter("password-address", ADDRESS_TRIES),
        } = options.limiters ?? {}
        // Count a try before the work, so that parallel tries count too. Count the address first,
        // so that an address over its limit can not use up the tries of a name.
        const client = context.client()
        if (client !== undefined) await takeTryOf(address, client)
        await takeTry(name, key)
        const turn = await turnOf(context)
        const user = await inTurn(() =>
          context.adapter.lazy.checkPassword(identifier, async (hash) => {
            const { ok, rehash } = await verifyPassword(hash, textOf(password), options.hash, turn)
            if (!rehash) return { ok }
            // A new hash can wait for the next sign-in.
            const rehashed = await hashPassword(textOf(password), options.hash, turn).catch(unlessTooMany)
            return { ok, rehashed }
          }),
        )
        if (!user) throw new SignInRefused("wrong_credentials")
        context.method = { kind: "password" }
        await forgetTries(name, key)
        if (client !== undefined) await giveBackTry(address, client)
        return user
      },
    },
  )
}

const NAME_TRIES = { points: 10, duration: 15 * 60 }
const ADDRESS_TRIES = { points: 100, duration: 60 * 60 }

/** Treats a password that is not a string, such as an object in JSON, as a wrong one. */
const textOf = (password: unknown) => (typeof password === "string" ? password : "")

function unlessTooMany(error: unknown): undefined {
  if (!(error instanceof TooManyWaiting)) throw error
}

/**
 * Reads the username or the address. Looks up an invalid one too, so that the answer takes as long
 * as for any other.
 */
function readIdentifier(input: unknown): UserIdentifier {
  const email = normalizeEmail(input)
  if (email) return { email }
  return { username: normalizeUsername(input)?.username ?? "" }
}
