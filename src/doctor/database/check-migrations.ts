import { LazySetupError } from "../../errors.js"
import { pendingMigrations } from "../../store/migrate.js"
import type { Database } from "../../store/sql/database.js"
import type { Finding } from "../finding.js"

/** Whether `authjs-lazy migrate` has something to do. Only for the default tables. */
export async function checkMigrations(tx: Database): Promise<Finding[]> {
  const pending = await pendingMigrations(tx).catch((error: unknown) => {
    // It can't: what is missing is then found column by column.
    if (error instanceof LazySetupError) return []
    throw error
  })
  if (pending.length === 0) return []
  return [
    {
      code: "migrations_pending",
      severity: "error",
      message: `The database is behind this version of the library: ${pending.join(", ")} not applied. The tables are examined once they are.`,
      fix: "npx authjs-lazy migrate",
    },
  ]
}
