import { checkTurn } from "../../password/hash.js"
import { TooManyWaiting, type TurnOptions } from "../../password/turns.js"
import { SignInRefused } from "../config/sign-in-refused.js"
import type { BoundContext } from "./bound-provider.js"

/**
 * The number of sign-ins that may wait for argon2 or password scoring: less than a second of work.
 */
const MAX_WAITING = 16

/**
 * Checks that a turn is free, without reserving it, and returns how this sign-in waits: until its
 * client disconnects.
 * @throws SignInRefused `too_many_tries` when too many sign-ins are waiting
 */
export async function turnOf({ head }: BoundContext): Promise<TurnOptions> {
  const turn = { signal: head.signal, maxWaiting: MAX_WAITING }
  await inTurn(async () => checkTurn(turn))
  return turn
}

/**
 * Runs work that waits for a turn.
 * @throws SignInRefused `too_many_tries` when too many sign-ins are waiting, or the client has
 * disconnected
 */
export async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof TooManyWaiting ? new SignInRefused("too_many_tries") : error
  }
}
