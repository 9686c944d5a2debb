import { checkTurn } from "../../password/hash.js"
import { TooManyWaiting, type TurnOptions } from "../../password/turns.js"
import { SignInRefused } from "../config/sign-in-refused.js"
import type { BoundContext } from "./bound-provider.js"

/**
 * How many sign-ins may wait for argon2 or for the scoring of a password: less than a second of
 * work.
 */
const MAX_WAITING = 16

/**
 * Reserves no turn, but checks that there is one, and returns how this sign-in waits: until its
 * client disconnects.
 * @throws SignInRefused `too_many_tries` when too many are waiting
 */
export async function turnOf({ head }: BoundContext): Promise<TurnOptions> {
  const turn = { signal: head.signal, maxWaiting: MAX_WAITING }
  await inTurn(async () => checkTurn(turn))
  return turn
}

/**
 * Runs work that waits for a turn.
 * @throws SignInRefused `too_many_tries` when too many are waiting, or the client has disconnected
 */
export async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof TooManyWaiting ? new SignInRefused("too_many_tries") : error
  }
}
