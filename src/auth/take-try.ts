import { type RateLimiterAbstract, RateLimiterRes } from "rate-limiter-flexible"
import { redactError } from "../store/redact-error.js"
import { widerKey } from "./client-address.js"
import { SignInRefused } from "./sign-in-refused.js"

/** How many times the limit of a /64 the /48 around it may take: a site that is given a /48 has more people than a home. */
const WIDER_SHARE = 10

/**
 * Counts a try.
 * @throws SignInRefused `too_many_tries`, when there were too many
 * @throws whatever the store of the limiter throws, without the values it was called with
 */
export function takeTry(limiter: RateLimiterAbstract, key: string): Promise<void> {
  return refusing(() => limiter.consume(key))
}

/** Counts a try of a client; an IPv6 client's for the /48 around it as well, which may take ten times as many. */
export function takeTryOf(limiter: RateLimiterAbstract, client: string): Promise<void> {
  return refusing(() => consumeFor(limiter, client))
}

/** Gives back what {@link takeTryOf} has taken. */
export async function giveBackTry(limiter: RateLimiterAbstract, client: string): Promise<void> {
  const wider = widerKey(client)
  await limiter.reward(client)
  if (wider !== undefined) await limiter.reward(wider)
}

/**
 * Takes one from the limit of a client, and of the /48 around it.
 * @throws RateLimiterRes when there is none left, with the time to wait
 * @throws whatever the store of the limiter throws
 */
export async function consumeFor(limiter: RateLimiterAbstract, client: string): Promise<void> {
  await limiter.consume(client)
  const wider = widerKey(client)
  // Limiters that are made of others have no such method.
  if (wider === undefined || !("penalty" in limiter)) return
  // Counted without the limiter's own limit, which is that of a /64.
  const taken = await limiter.penalty(wider)
  if (taken.consumedPoints > limiter.points * WIDER_SHARE) throw taken
}

async function refusing(take: () => Promise<unknown>): Promise<void> {
  try {
    await take()
  } catch (rejection) {
    if (rejection instanceof RateLimiterRes) throw new SignInRefused("too_many_tries")
    throw redactError(rejection)
  }
}
