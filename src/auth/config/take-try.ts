import type { RateLimiterAbstract } from "rate-limiter-flexible"
import { redactError } from "../../store/sql/redact.js"
import { widerKey } from "../request/client-address.js"
import { SignInRefused } from "./sign-in-refused.js"

/** The limit of a /48 as a multiple of that of a /64. */
const WIDER_SHARE = 10

/**
 * Counts a try under a key.
 * @throws SignInRefused `too_many_tries` over the limit
 * @throws Error of the store of the limiter, without the values it was called with
 */
export function takeTry(limiter: RateLimiterAbstract, key: string): Promise<void> {
  return refusing(() => limiter.consume(key))
}

/**
 * Counts a try of a client. For an IPv6 client, counts its /48 too, which may take ten times as
 * many.
 * @throws SignInRefused `too_many_tries` over either limit
 * @throws Error of the store of the limiter, without the values it was called with
 */
export function takeTryOf(limiter: RateLimiterAbstract, client: string): Promise<void> {
  return refusing(() => consumeFor(limiter, client))
}

/** Gives back the try that {@link takeTryOf} counted. */
export async function giveBackTry(limiter: RateLimiterAbstract, client: string): Promise<void> {
  const wider = widerKey(client)
  await refusing(async () => {
    await limiter.reward(client)
    if (wider !== undefined) await limiter.reward(wider)
  })
}

/** Deletes the count of a key after a success. */
export function forgetTries(limiter: RateLimiterAbstract, key: string): Promise<void> {
  return refusing(() => limiter.delete(key))
}

/**
 * Counts one use by a client, and by the /48 around it.
 * @throws RateLimiterRes over either limit, with the time to wait
 * @throws Error of the store of the limiter
 */
export async function consumeFor(limiter: RateLimiterAbstract, client: string): Promise<void> {
  await limiter.consume(client)
  const wider = widerKey(client)
  // Unions and queues of rate-limiter-flexible have no `penalty`.
  if (wider === undefined || !("penalty" in limiter)) return
  // `penalty` ignores the limit of the limiter, which is meant for a /64.
  const taken = await limiter.penalty(wider)
  if (taken.consumedPoints > limiter.points * WIDER_SHARE) throw taken
}

/**
 * Tells whether a limiter refused, by the time to wait: a limiter of the app can come from another
 * copy of rate-limiter-flexible, with its own class for it.
 */
export function isOverLimit(rejection: unknown): rejection is { msBeforeNext: number } {
  if (typeof rejection !== "object" || rejection === null || rejection instanceof Error) return false
  return "msBeforeNext" in rejection && typeof rejection.msBeforeNext === "number"
}

async function refusing(take: () => Promise<unknown>): Promise<void> {
  try {
    await take()
  } catch (rejection) {
    if (isOverLimit(rejection)) throw new SignInRefused("too_many_tries")
    throw redactError(rejection)
  }
}
