import { LazySetupError } from "../errors.js"
import type { UserRow } from "./user-row.js"

const MEANINGFUL = ["emailVerified", "lazySince", "convertedAt"] as const

/**
 * Compares a row that PostgreSQL returned with what was written.
 * @throws LazySetupError where a trigger has made the user verified, lazy or converted, or has undone that
 */
export function refuseChangedRow(user: UserRow, written: Partial<UserRow>): void {
  const changed = MEANINGFUL.find(
    (property) => written[property] !== undefined && (user[property] == null) !== (written[property] == null),
  )
  if (changed === undefined) return
  const what = written[changed] == null ? "sets it" : "takes it away"
  throw new LazySetupError(
    `LazyAdapter: ${changed} was written as ${written[changed] == null ? "null" : "a moment"}, and a trigger of the user table ${what}. ` +
      "Let the trigger leave the column alone; nothing was changed.",
  )
}
