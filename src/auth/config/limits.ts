import { CredentialsSignin } from "@auth/core/errors"
import type { RateLimiterAbstract } from "rate-limiter-flexible"
import { LazySetupError } from "../../errors.js"
import { redactError } from "../../store/sql/redact.js"
import { consumeFor, isOverLimit } from "./take-try.js"

const HOUR = 60 * 60

/**
 * How many lazy users may be made; see `lazy.limits`.
 * @example
 * const limits: CreationLimits = { perAddress: 10, overall: 1000 }
 */
export interface CreationLimits {
  /**
   * The number of lazy users an hour for one client address, counted in this process; a limiter of
   * rate-limiter-flexible; or false for no limit. Counts only known addresses: see `trustProxy`.
   * The /48 around an IPv6 client may make ten times as many.
   * @default 30
   */
  perAddress?: number | RateLimiterAbstract | false
  /**
   * The number of lazy users an hour for all clients together, counted in this process; or a
   * limiter of rate-limiter-flexible.
   * @default no limit
   */
  overall?: number | RateLimiterAbstract
}

/**
 * Refuses a new lazy user because a limit is reached. Its code in the URL is `too_many_lazy_users`.
 * @example
 * ```ts
 * const waitSeconds = (error: unknown) => (error instanceof TooManyLazyUsers ? error.retryAfter : 0)
 * ```
 */
export class TooManyLazyUsers extends CredentialsSignin {
  override code = "too_many_lazy_users"

  constructor(
    /** The number of seconds after which to ask again; at least 1. */
    readonly retryAfter: number,
  ) {
    super("The limit of new lazy users is reached; see lazy.limits.")
  }
}

/**
 * Counts a new lazy user against the limit of its address, then against the overall limit.
 * @throws TooManyLazyUsers when a limit is reached
 * @throws Error of the store of a limiter, without the values it was called with
 */
export type TakeCreation = (client: string | undefined) => Promise<void>

/**
 * Makes the limiters, once for all requests. A limit given as a number shares its counts with equal
 * configurations.
 */
export function creationLimits(
  { perAddress = 30, overall }: CreationLimits = {},
  shared: { limiter: (name: string, allowance: { points: number; duration: number }) => RateLimiterAbstract },
): TakeCreation {
  const limiter = (given: number | RateLimiterAbstract, name: string, option: keyof CreationLimits) => {
    if (typeof given !== "number") return given
    if (!Number.isInteger(given) || given < 1)
      throw new LazySetupError(
        `lazy.limits.${option} must be a whole number of lazy users an hour, 1 or more, or a limiter: lazy: { limits: { ${option}: 30 } }.`,
      )
    return shared.limiter(name, { points: given, duration: HOUR })
  }
  const address = perAddress === false ? undefined : limiter(perAddress, "lazy-address", "perAddress")
  const all = overall === undefined ? undefined : limiter(overall, "lazy-overall", "overall")
  return async (client) => {
    if (address && client !== undefined) await refusing(() => consumeFor(address, client))
    if (all) await refusing(() => all.consume("all"))
  }
}

async function refusing(take: () => Promise<unknown>): Promise<void> {
  try {
    await take()
  } catch (rejection) {
    if (!isOverLimit(rejection)) throw redactError(rejection)
    throw new TooManyLazyUsers(Math.max(1, Math.ceil(rejection.msBeforeNext / 1000)))
  }
}
