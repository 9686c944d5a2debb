import { type SQL, sql } from "drizzle-orm"
import { LazySetupError } from "../../errors.js"
import type { PurgeGraph } from "../deletion/graph.js"
import { hidesRows, isTable, label, noTable } from "../sql/catalogue.js"
import type { Database } from "../sql/database.js"
import { qualifiedName } from "../sql/identifiers.js"
import { queryDocument, queryRows } from "../sql/query.js"
import { INSUFFICIENT_PRIVILEGE, sqlState } from "../sql/sql-state.js"
import type { Search } from "./find-users.js"

/** A table, as far as the role can see it. */
interface Sight {
  oid: number
  label: string
  /** `relkind` of pg_class. */
  kind: string
  hidesRows: boolean
}

/**
 * Checks that the role sees everything the purge decides on: sessions, rows that `keep` asks about,
 * and for a dry run all rows that refer to users.
 * @throws LazySetupError naming the table
 */
export async function checkSight(
  db: Database,
  { tables, settings, hasSessions }: Search,
  graph: PurgeGraph,
): Promise<void> {
  const { usersTable, sessionsTable } = tables
  const sessions = hasSessions ? sql`to_regclass(${qualifiedName(sessionsTable)})::oid` : sql`null::oid`
  const hanging = settings.dryRun ? [...graph.follows, ...graph.holds].map(({ table }) => table) : []
  const sight = await queryDocument<Sight[]>(
    db,
    sql`select coalesce(json_agg(json_build_object(
      'oid', class.oid::int8,
      'label', ${label("class")},
      'kind', relkind,
      'hidesRows', ${hidesRows("class")}
    ) order by class.oid = ${sessions} desc, class.oid), '[]')::text as document
    from pg_class class
    where class.oid = ${sessions} or class.oid = any (${`{${[graph.users.oid, ...hanging].join(",")}}`}::text::oid[])`,
  )
  const users = sight.find(({ oid }) => oid === graph.users.oid)
  if (users && !isTable(users.kind)) throw new LazySetupError(`purge: ${noTable(users.label)}`)
  // Users that are hidden from the role stay.
  const hidden = sight.find(({ oid, hidesRows }) => hidesRows && oid !== graph.users.oid)
  if (hidden) throw unseen(hidden.label)
  if (settings.keep) await checkCondition(db, sql`select from ${usersTable} where ${settings.keep} limit 0`)
}

const unseen = (label: string, options?: ErrorOptions) =>
  new LazySetupError(
    `purge: row-level security hides rows of ${label} from this role, so that users could go who are to stay. ` +
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
        await queryRows(tx, sql`select set_config('row_security', 'off', true)`)
        await queryRows(tx, query)
      },
      { accessMode: "read only" },
    )
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error
    throw unseen("a table that `keep` asks about", { cause: error })
  }
}
