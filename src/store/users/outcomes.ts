import { newId } from "../../new-id.js"
import type { Database } from "../sql/database.js"
import { STATEMENT_NAME } from "../sql/query.js"
import type { Tables } from "../tables/resolve-tables.js"
import type { LazyOutcome } from "../tables/schema.js"
import type { ConvertedBy } from "./conversion.js"

/** The length of a day in milliseconds. Statistics count by days in UTC. */
export const DAY_MS = 24 * 60 * 60 * 1000

/** Users who ended in the same way; see the table `lazyOutcome`. */
export interface EndedUsers {
  outcome: LazyOutcome
  /** How a user became real. */
  by?: ConvertedBy
  /** Since when they were lazy. */
  since: Date
  users: number
}

/** Records how lazy users ended, if the app has a table for it. */
export async function recordOutcomes(
  tx: Database,
  { lazyOutcomesTable }: Tables,
  outcomes: EndedUsers[],
): Promise<void> {
  if (!lazyOutcomesTable || outcomes.length === 0) return
  const at = new Date()
  const rows = outcomes.map(({ by, ...outcome }) => ({ id: newId(), at, way: by ? wayOf(by) : null, ...outcome }))
  const insert = tx.insert(lazyOutcomesTable).values(rows)
  // The driver keeps the statement for one row; for others, the number of rows is part of it.
  await (rows.length === 1 ? insert.prepare(STATEMENT_NAME).execute() : insert)
}

/** Names a way to become real, as `LazyStore.stats` counts it. */
export function wayOf({ provider, type }: ConvertedBy): string {
  if (type === "credentials" && provider === "convert") return "password"
  if (type === "email") return "email"
  return type === "webauthn" ? "passkey" : provider
}
