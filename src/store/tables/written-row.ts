import { LazySetupError } from "../../errors.js"
import { TELLING_USER_COLUMNS } from "./column-rules.js"
import type { UserRow } from "./user-row.js"

/**
 * Compares a row that PostgreSQL returned with what was written. Returns an error when a trigger
 * has made the user verified, lazy or converted, or has undone that.
 */
export function changedRow(user: UserRow, written: Partial<UserRow>): LazySetupError | undefined {
  const changed = TELLING_USER_COLUMNS.find(
    (property) => written[property] !== undefined && (user[property] == null) !== (written[property] == null),
  )
  if (changed === undefined) return undefined
  const what = written[changed] == null ? "sets it" : "clears it"
  return new LazySetupError(
    `LazyAdapter: ${changed} was written as ${written[changed] == null ? "null" : "a date"}, but a trigger of the user table ${what}. ` +
      "Change the trigger to leave the column alone. Nothing was changed.",
  )
}

/**
 * Refuses a row that a trigger has changed.
 * @throws LazySetupError when {@link changedRow} finds a change
 */
export function refuseChangedRow(user: UserRow, written: Partial<UserRow>): void {
  const refusal = changedRow(user, written)
  if (refusal) throw refusal
}
