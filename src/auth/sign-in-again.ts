import { type RateLimiterAbstract, RateLimiterRes } from "rate-limiter-flexible"
import { type HashOptions, verifyPassword } from "../password/hash.js"
import type { TurnOptions } from "../password/turns.js"
import type { Identifier } from "../store/lazy-store.js"
import type { UserRow } from "../store/user-row.js"
import type { BoundContext } from "./bound-provider.js"
import { signUpIds } from "./lazy-user-ids.js"
import { inTurn } from "./password-turn.js"

/** How long after a conversion its form may still be sent a second time; in milliseconds. */
const RECENT = 15 * 60 * 1000

/** A form that asks for a name which is taken. */
export interface RepeatedForm {
  /** The name or address: exactly one is there. */
  username?: string
  email?: string
  password: string
  /** The lazy user in whose session the form was sent, where it was alive then. */
  userId?: string
}

/** See {@link signInAgain}. */
export interface SignInAgainOptions {
  hash?: HashOptions
  /** Bounds how often a password is compared for one name. */
  tries: RateLimiterAbstract
  turn: TurnOptions
}

/**
 * Finds the account that the same browser has made with this form a moment ago: it was sent twice, or its answer was lost. The password has
 * to be right, whatever else there is to show for it. The caller makes the session.
 *
 * Compares the password once, whether or not there is such an account, and tells nobody anything but that the name is taken.
 * @returns null where the name is somebody else's
 */
export async function signInAgain(
  context: BoundContext,
  form: RepeatedForm,
  { hash, tries, turn }: SignInAgainOptions,
): Promise<UserRow | null> {
  const isOwn = await ownership(context, form)
  const name = form.username ?? form.email ?? ""
  if (!isOwn || !(await take(tries, name))) return null
  const identifier: Identifier = form.email === undefined ? { username: name } : { email: form.email }
  const user = await inTurn(() =>
    context.adapter.lazy.checkPassword(identifier, async (stored) => ({
      ok: (await verifyPassword(stored, form.password, hash, turn)).ok,
    })),
  )
  if (!user || !isOwn(user)) return null
  await tries.delete(name)
  // The session is written only if the password is still there.
  context.byPassword = true
  return user
}

/** What makes an account this browser's own; undefined where nothing could. */
async function ownership(
  context: BoundContext,
  { username, email, userId }: RepeatedForm,
): Promise<((user: UserRow) => boolean) | undefined> {
  if (userId !== undefined) return ({ id }) => id === userId
  const ids = signUpIds(context.config, context.head, username ?? email ?? "")
  const ended = await context.endedSession()
  if (ids.length === 0 && !ended) return undefined
  return (user) => ids.includes(user.id) || (ended !== null && isRecent(user) && (ended.userId ?? user.id) === user.id)
}

function isRecent({ convertedAt }: UserRow): boolean {
  return convertedAt !== null && Date.now() - convertedAt.valueOf() < RECENT
}

async function take(tries: RateLimiterAbstract, name: string): Promise<boolean> {
  try {
    await tries.consume(name)
    return true
  } catch (rejection) {
    if (rejection instanceof RateLimiterRes) return false
    throw rejection
  }
}
