import type { AnyPgColumn } from "drizzle-orm/pg-core"
import type { RateLimiterAbstract } from "rate-limiter-flexible"
import type { HashOptions } from "../../password/hash.js"
import { hashAnew, type VerifyOther, verifyAnyHash } from "../../password/other-hash.js"
import { normalizeEmail, normalizeUsername } from "../../password/policy.js"
import { TooManyWaiting, type TurnOptions } from "../../password/turns.js"
import type { UserIdentifier } from "../../store/identifiers/active-users.js"
import { logError } from "../config/log-error.js"
import { SignInRefused } from "../config/sign-in-refused.js"
import { forgetTries, giveBackTry, takeTry, takeTryOf } from "../config/take-try.js"
import { type BoundContext, boundProvider, type LazyProviderConfig } from "./bound-provider.js"
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
   * Compares the typed password with a stored hash that is not argon2id (bcrypt, scrypt, PBKDF2),
   * from the passwords table or the column `legacyHash`. Only true signs in; the password is then
   * hashed anew with argon2id, and the old hash is gone.
   *
   * While it is given, each sign-in makes two comparisons: by argon2id and by `verifyOther`, which
   * gets a hash of another user for a name that has none of this kind and is not believed then.
   * It runs in the queue of the hashes and may take ten seconds. An error counts as a wrong
   * password and is logged without its message. The password is as typed, of at most 256
   * characters; bcrypt ignores what follows 72 bytes, and some implementations what follows a NUL.
   * @default none: a hash that is not argon2id matches no password
   * @example verifyOther: (hash, password) => bcrypt.compare(password, hash)
   */
  verifyOther?: VerifyOther
  /**
   * Names the column of the user table that holds old hashes, as `LazyAdapter({ legacyHash })`
   * does. Name it there if a script uses the adapter without `withLazy`.
   * @default none: only the passwords table holds hashes
   * @example legacyHash: users.password
   */
  legacyHash?: AnyPgColumn
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
      check(adapter) {
        requirePasswords(adapter)
        if (options.legacyHash) adapter.lazy.signIn.nameLegacyHash(options.legacyHash)
      },
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
        const { lazy } = context.adapter
        const checks = {
          ...options,
          sample: options.verifyOther ? await lazy.signIn.otherHash() : null,
          turn,
          onFailure: (error: Error) => logError(context.config, error),
        }
        const verify = (hash: string | null) => verifyAnyHash(hash, textOf(password), checks)
        let matched: { hash: string; rehash: boolean } | undefined
        const user = await inTurn(() =>
          lazy.checkPassword(identifier, async (hash) => {
            const { ok, rehash } = await verify(hash)
            matched = hash === null || !ok ? undefined : { hash, rehash }
            return { ok }
          }),
        )
        if (!user || !matched) throw new SignInRefused("wrong_credentials")
        const { hash, rehash } = matched
        const holds = async () => {
          const now = await lazy.signIn.readHash(user.id)
          return now === hash || (now !== null && (await inTurn(() => verify(now))).ok)
        }
        context.method = { kind: "password", proof: { hash, holds } }
        if (rehash) {
          const replaced = { userId: user.id, old: hash, password: textOf(password) }
          context.exchange.afterwards.push(() => hashPasswordAnew(context, replaced, options.hash, turn))
        }
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

/**
 * Replaces a hash that is not as wanted, after the sign-in was written: one that fails leaves the
 * password as it is. A failure leaves the old hash to the next sign-in.
 */
async function hashPasswordAnew(
  { adapter, config }: BoundContext,
  { userId, old, password }: { userId: string; old: string; password: string },
  costs: HashOptions | undefined,
  turn: TurnOptions,
): Promise<void> {
  try {
    const hash = await hashAnew(password, costs, turn)
    if (hash !== null) await adapter.lazy.signIn.replaceHash(userId, { old, hash })
  } catch (error) {
    if (!(error instanceof TooManyWaiting)) logError(config, error)
  }
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
