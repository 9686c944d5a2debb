import { isLazyRow } from "../store/tables/user-row.js"

/**
 * What {@link isLazy} takes: a session, the user in a session, a row of the user table, or nothing.
 */
export type MaybeLazy =
  | { user?: { isLazy?: boolean } | null }
  | { isLazy?: boolean }
  | { lazySince?: Date | null; convertedAt?: Date | null }
  | null
  | undefined

/**
 * Tells whether a session or a user is lazy: has `lazySince` and no `convertedAt`. Returns false
 * for real users and for null.
 * @example
 * if (isLazy(session)) console.log("Convert this user to keep its data.")
 */
export function isLazy(subject: MaybeLazy): boolean {
  // The app's session callback may return anything.
  if (typeof subject !== "object" || subject === null) return false
  if ("user" in subject) return subject.user?.isLazy === true
  if ("isLazy" in subject) return subject.isLazy === true
  return "lazySince" in subject && isLazyRow(subject)
}

const IS_LAZY: PropertyDescriptor & ThisType<Parameters<typeof isLazyRow>[0]> = {
  configurable: true,
  enumerable: false,
  get() {
    return isLazyRow(this)
  },
}

/**
 * Adds `isLazy` to a user that a callback or an event of the app is given. The property is not
 * enumerable, because Auth.js copies the object into tokens and new rows. A column of the app with
 * this name stays.
 */
export function markLazy(user: unknown): void {
  if (typeof user === "object" && user !== null && !Object.hasOwn(user, "isLazy"))
    Reflect.defineProperty(user, "isLazy", IS_LAZY)
}
