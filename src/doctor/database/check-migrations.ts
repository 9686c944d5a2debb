import { LazySetupError } from "../../errors.js"
import { pendingMigrations } from "../../store/migrate.js"
import type { Database } from "../../store/sql/database.js"
import type { Finding } from "../finding.js"

/** Reports migrations that `authjs-lazy migrate` would run. For the default tables only. */
export async function checkMigrations(tx: Database): Promise<Finding[]> {
  const pending = await pendingMigrations(tx).catch((error: unknown) => {
    // Migrating would fail. The checks of tables and columns then say what is missing.
    if (error instanceof LazySetupError) return []
    throw error
  })
  if (pending.length === 0) return []
  return [
    {
      code: "migrations_pending",
      severity: "error",
      message: `The database is behind this version of the library: ${pending.join(", ")} not applied. Apply them and run the doctor again: until then it does not examine the tables.`,
      fix: "npx authjs-lazy migrate",
    },
  ]
}
