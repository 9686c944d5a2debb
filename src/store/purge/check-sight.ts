import { type SQL, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import { readVisibility } from "../sql/catalogue/rights.js"
import { isTable, noTable } from "../sql/catalogue/tables.js"
import type { Database } from "../sql/database.js"
import { qualifiedName } from "../sql/identifiers.js"
import { queryRows } from "../sql/query.js"
import { INSUFFICIENT_PRIVILEGE, sqlState } from "../sql/sql-state.js"
import type { PurgeJob } from "./job.js"

/**
 * Checks that the role sees every row that the purge decides on: sessions, rows that `keep` asks
 * about, and for a dry run all rows that refer to users.
 * @throws LazySetupError naming the table
 */
export async function checkSight({ db, search, graph, strategy }: PurgeJob): Promise<void> {
  const { tables, settings, hasSessions } = search
  const { usersTable, sessionsTable } = tables
  const sessions = hasSessions ? qualifiedName(sessionsTable) : undefined
  const oids = [graph.users.oid, ...strategy.tablesToSee(graph)]
  const sight = await readVisibility(db, sessions, oids)
  const users = sight.find(({ oid }) => oid === graph.users.oid)
  if (users && !isTable(users.kind)) throw new LazySetupError(`purge: ${noTable(users.label)}`)
  // A user that is hidden from the role is not deleted.
  const hidden = sight.find(({ oid, hidesRows }) => hidesRows && oid !== graph.users.oid)
  if (hidden) throw hiddenRows(hidden.label)
  if (settings.keep) await checkCondition(db, sql`select from ${usersTable} where ${settings.keep} limit 0`)
}

const hiddenRows = (label: string, options?: ErrorOptions) =>
  new LazySetupError(
    `purge: row-level security hides rows of ${label} from this role, so users who must stay could be deleted. ` +
      "Run the purge as a role that sees all rows: alter role … bypassrls;",
    options,
  )

/**
 * Runs the condition with `row_security` off, where PostgreSQL refuses a query that it would
 * otherwise filter.
 */
async function checkCondition(db: Database, query: SQL): Promise<void> {
  try {
    await db.transaction(
      async (tx) => {
        await tx.execute(sql`set local row_security = off`)
        await queryRows(tx, query)
      },
      { accessMode: "read only" },
    )
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error
    throw hiddenRows("a table that `keep` asks about", { cause: error })
  }
}
