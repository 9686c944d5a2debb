import { MergeConflictError } from "../../errors.js"
import type { ForeignKeys } from "../sql/catalogue/foreign-keys.js"
import { messageOf } from "../sql/error-message.js"
import { sqlState } from "../sql/sql-state.js"
import { brokenConstraint } from "../sql/violation.js"

/**
 * Classes of SQLSTATE that do not concern the rows: connection, failed transaction, login, locks,
 * resources and server (https://www.postgresql.org/docs/current/errcodes-appendix.html). 55000 does:
 * a table that publishes updates without a replica identity refuses each of them.
 */
const NOT_ABOUT_ROWS = /^(08|25|28|3D|40|53|55(?!000)|57|58|XX)/

/**
 * Turns a database error about rows of the lazy user (a constraint, trigger, policy or missing
 * right) into an error that names the table, which a merge knows as a whole.
 * @param tables the tables that the statement is about
 * @param partitions see {@link ForeignKeys.partitions}
 */
export async function explainConflicts<Result>(
  tables: { label: string; isOfUsers?: boolean }[],
  partitions: ForeignKeys["partitions"],
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const state = sqlState(error)
    if (state === undefined || NOT_ABOUT_ROWS.test(state)) throw error
    const { schema, table, constraint } = brokenConstraint(error) ?? {}
    const place = schema === undefined || schema === "public" ? table : `${schema}.${table}`
    const whole = place && partitions.get(place)
    const label = whole ?? place ?? tables.map(({ label }) => label).join(", ")
    const broken = constraint && whole ? `${constraint}, of its partition ${place}` : constraint
    // Without the row of the user itself there is no merge.
    const advice = tables.every((table) => table.label !== label || !table.isOfUsers)
      ? leaveIt(label)
      : "Change the table, or give the role the rights it lacks: npx authjs-lazy doctor names them."
    throw new MergeConflictError(
      `Rows of the lazy user, in ${label}, can be neither moved nor left behind: ${broken ?? messageOf(error)}. ${advice}`,
      label,
      constraint,
      { cause: error },
    )
  }
}

/** Tells what to change, as the end of an error message. */
export const leaveIt = (label: string) =>
  `Change the table, or leave it out of merges: mergeTables: { ${JSON.stringify(label)}: "leave" }.`

/** Reports rows that a trigger, a rule or a policy kept from changing, or changed otherwise. */
export const goneAstray = (label: string, rows: number) =>
  new MergeConflictError(
    `${rows} ${rows === 1 ? "row" : "rows"} of ${label} did not get the real user's id, although no unique rule or check stops them. A trigger, a rule or row-level security changes the outcome. ${leaveIt(label)}`,
    label,
  )

/** Says that a foreign key was added after the merge read them. The next try knows it. */
export class KeyAddedError extends MergeConflictError {}

/** Reports rows that went or changed, but were neither moved nor handed to `onMerge`. */
export const unseen = (label: string, what: string) =>
  new MergeConflictError(
    `Deleting the lazy user: ${what} in ${label} that the merge did not see. Row-level security or a missing right hides them, or a trigger or a rule changes them. ${leaveIt(label)}`,
    label,
  )
