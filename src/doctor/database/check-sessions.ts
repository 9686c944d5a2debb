import { lt, sql } from "drizzle-orm"
import type { AnyPgColumn } from "drizzle-orm/pg-core"
import type { IndexedTable } from "../../store/sql/catalogue/indexes.js"
import type { Database } from "../../store/sql/database.js"
import { columnName, quoted } from "../../store/sql/identifiers.js"
import { queryRows } from "../../store/sql/query.js"
import type { Tables } from "../../store/tables/resolve-tables.js"
import type { Finding } from "../finding.js"

const MANY = 100_000

/**
 * Reports a pile of expired sessions: Auth.js deletes one only when its browser comes back. Counts
 * no further than it must.
 */
export async function checkSessions(
  tx: Database,
  { sessionsTable }: Tables,
  { label, target, rows }: IndexedTable,
): Promise<Finding[]> {
  // Small tables are not read; PostgreSQL has an estimate of their size.
  if (rows === null || rows < MANY) return []
  const [found] = await queryRows<{ expired: number }>(
    tx,
    sql`select count(*)::int as expired from (
      select from ${sessionsTable} where ${lt(sessionsTable.expires, new Date())} limit ${sql.raw(String(MANY))}
    ) as expired`,
  )
  if (!found || found.expired < MANY) return []
  const expires: AnyPgColumn = sessionsTable.expires
  // Drizzle writes UTC into a timestamp without a time zone.
  const now = expires.getSQLType().includes("with time zone") ? "now()" : "now() at time zone 'UTC'"
  return [
    {
      code: "expired_sessions",
      severity: "warning",
      message: `${label} holds at least ${MANY.toLocaleString("en-US")} expired sessions. Auth.js deletes one only when its browser comes back.`,
      fix: `delete from ${target} where ${quoted(columnName(tx, expires))} < ${now};`,
      where: label,
    },
  ]
}
