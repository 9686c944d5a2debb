import { type RateLimiterAbstract, RateLimiterRes } from "rate-limiter-flexible"
import { redactError } from "../store/redact-error.js"
import { SignInRefused } from "./sign-in-refused.js"

/**
 * Counts a try.
 * @throws SignInRefused `too_many_tries`, when there were too many
 * @throws whatever the store of the limiter throws, without the values it was called with
 */
export async function takeTry(limiter: RateLimiterAbstract, key: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (rejection) {
    if (rejection instanceof RateLimiterRes) throw new SignInRefused("too_many_tries")
    throw redactError(rejection)
  }
}
