import { isLazyRow } from "../store/tables/user-row.js"

/** Anything that tells whether somebody is lazy: a session, the user in a session, a row of the user table, or nothing. */
export type MaybeLazy =
  | { user?: { isLazy?: boolean } | null }
  | { isLazy?: boolean }
  | { lazySince?: Date | null; convertedAt?: Date | null }
  | null
  | undefined

/**
 * Whether this session, or user, is that of a lazy user. False for real users and for nobody.
 *
 * A lazy user is one with `lazySince` and without `convertedAt`.
 */
export function isLazy(subject: MaybeLazy): boolean {
  // A session callback of the app may return anything.
  if (typeof subject !== "object" || subject === null) return false
  if ("user" in subject) return subject.user?.isLazy === true
  if ("isLazy" in subject) return subject.isLazy === true
  return "lazySince" in subject && isLazyRow(subject)
}
