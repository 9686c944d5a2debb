import { checkTurn } from "../password/hash.js"
import { TooManyWaiting, type TurnOptions } from "../password/turns.js"
import type { BoundContext } from "./bound-provider.js"
import { SignInRefused } from "./sign-in-refused.js"

/** How many sign-ins may wait for argon2, or for the scoring of a password; at the costs by default, less than a second's work. */
const MAX_WAITING = 32

/**
 * How a sign-in waits for its turn: it gives up when its client does.
 * @throws SignInRefused `too_many_tries` when there would be none now
 */
export async function turnOf({ head }: BoundContext): Promise<TurnOptions> {
  const turn = { signal: head.signal, maxWaiting: MAX_WAITING }
  await inTurn(async () => checkTurn(turn))
  return turn
}

/**
 * Does work that takes turns.
 * @throws SignInRefused `too_many_tries` when too many are waiting, or the client has hung up
 */
export async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof TooManyWaiting ? new SignInRefused("too_many_tries") : error
  }
}
