import type { RateLimiterAbstract } from "rate-limiter-flexible"
import { type HashOptions, verifyPassword } from "../../password/hash.js"
import type { TurnOptions } from "../../password/turns.js"
import type { UserIdentifier } from "../../store/identifiers/active-users.js"
import type { UserRow } from "../../store/tables/user-row.js"
import { SignInRefused } from "../config/sign-in-refused.js"
import { forgetTries, takeTry } from "../config/take-try.js"
import { signUpIds } from "../request/lazy-user-ids.js"
import type { BoundContext } from "./bound-provider.js"
import { inTurn } from "./password-turn.js"

/** The time after a conversion in which its form may be repeated, in milliseconds. */
const RECENT = 15 * 60 * 1000

/** A form that asks for a taken name. */
export interface RepeatedForm {
  /** The username; set unless `email` is. */
  username?: string
  email?: string
  password: string
  /** The lazy user whose session was live when the form was sent. */
  userId?: string
}

/** Options of {@link signInAgain}. */
export interface SignInAgainOptions {
  hash?: HashOptions
  /** Limits how often the password of one name is compared. */
  tries: RateLimiterAbstract
  turn: TurnOptions
}

/**
 * Signs in again to the account that this browser made with the same form a moment ago: the form
 * was sent twice, or its answer was lost. Always requires the right password. Sets `method`, and
 * leaves the session to the caller.
 *
 * Compares the password once whether or not the account exists, so that the answer tells only that
 * the name is taken.
 * @returns null when the name belongs to another user
 * @throws SignInRefused `too_many_tries` when too many sign-ins are waiting
 */
export async function signInAgain(
  context: BoundContext,
  form: RepeatedForm,
  { hash, tries, turn }: SignInAgainOptions,
): Promise<UserRow | null> {
  const isOwn = await ownership(context, form)
  const name = form.username ?? form.email ?? ""
  if (!isOwn || !(await take(tries, name))) return null
  const identifier: UserIdentifier = form.email === undefined ? { username: name } : { email: form.email }
  const user = await inTurn(() =>
    context.adapter.lazy.checkPassword(identifier, async (stored) => ({
      ok: (await verifyPassword(stored, form.password, hash, turn)).ok,
    })),
  )
  if (!user || !isOwn(user)) return null
  await forgetTries(tries, name)
  // The session is written only while the account still has its password.
  context.method = { kind: "password" }
  return user
}

/** Returns a test for accounts that this browser made; undefined when the request shows none. */
async function ownership(
  context: BoundContext,
  { username, email, userId }: RepeatedForm,
): Promise<((user: UserRow) => boolean) | undefined> {
  if (userId !== undefined) return ({ id }) => id === userId
  const ids = signUpIds(context.config, context.head, username ?? email ?? "")
  const ended = await context.session.ended()
  if (ids.length === 0 && !ended) return undefined
  return (user) => ids.includes(user.id) || (ended !== null && isRecent(user) && (ended.userId ?? user.id) === user.id)
}

function isRecent({ convertedAt }: UserRow): boolean {
  return convertedAt !== null && Date.now() - convertedAt.valueOf() < RECENT
}

async function take(tries: RateLimiterAbstract, name: string): Promise<boolean> {
  try {
    await takeTry(tries, name)
    return true
  } catch (error) {
    if (error instanceof SignInRefused) return false
    throw error
  }
}
