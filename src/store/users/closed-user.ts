import { isLazyRow, type UserRow } from "../tables/user-row.js"
import { isMarked } from "./marked-moments.js"

/** How much earlier a column without fractions of a second can make a moment, by rounding. */
const ROUNDING_MS = 500

/** Tells whether a lazy user was signed out and must not be given to a browser again. */
export function isClosed({ id, lazySince }: Pick<UserRow, "id" | "lazySince">): boolean {
  const made = timeOf(id)
  return made !== undefined && lazySince !== null && lazySince.valueOf() < made - ROUNDING_MS
}

/**
 * Tells whether a lazy user was signed out, so that a token without its `lazySince` is dead: one
 * that the app issued before it had this library. `adopt` writes no marked `lazySince`.
 */
export function isSignedOut(user: Pick<UserRow, "id" | "lazySince" | "convertedAt">): boolean {
  if (!isLazyRow(user) || user.lazySince === null || !isMarked(user.lazySince)) return false
  return timeOf(user.id) === undefined || isClosed(user)
}

/** Reads the time in a UUIDv7, in milliseconds since 1970; undefined for any other id. */
export function timeOf(id: string): number | undefined {
  const [, high, low] = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i.exec(id) ?? []
  return high === undefined ? undefined : Number.parseInt(`${high}${low}`, 16)
}
