import { LazySetupError } from "../../errors.js"
import type { ForeignKeys } from "../sql/catalogue/foreign-keys.js"
import { readVisibility } from "../sql/catalogue/rights.js"
import type { Database } from "../sql/database.js"

/**
 * Refuses a deletion that a trigger, a rule or row-level security could extend to rows that nothing
 * counts. One query, and none where the server counts deleted rows.
 * @throws LazySetupError where rows could go that nothing would count, naming the cause
 */
export async function requireCountable(
  db: Database,
  { engine, within }: Pick<ForeignKeys, "engine" | "within">,
): Promise<void> {
  if (engine.countsRows) return
  const [doesNot, advice] =
    engine.name === "PostgreSQL"
      ? [
          "The server does not count deleted rows (track_counts is off)",
          "Turn it on, the default: alter database … set track_counts = on;",
        ]
      : [`${engine.name} does not count deleted rows`, "Drop the trigger or the rule, or let the role see all rows."]
  if (!within)
    throw new LazySetupError(
      `${doesNot}, and the user table, or a table that refers to it, has a trigger or a rule, which may delete rows that nothing would count. ${advice}`,
    )
  const hidden = (await readVisibility(db, undefined, within)).find(({ hidesRows, readable }) => hidesRows || !readable)
  if (hidden)
    throw new LazySetupError(
      `${doesNot}, and rows of ${hidden.label} are hidden from this role, which could go with a user uncounted. ${advice}`,
    )
}
